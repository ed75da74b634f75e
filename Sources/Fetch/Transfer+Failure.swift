import CCurl
import FetchProtocol
import Glibc

extension Transfer {
    /// The failure for an HTTP status other than success.
    static func failure(status: Int) -> FetchError {
        switch status {
        case 408, 425, 429: FetchError(.other, .retry, "the server asks to try again later (HTTP \(status))")
        case 404, 410: FetchError(.invalidURI, .final, "the server does not have this file (HTTP \(status))")
        case 401, 403:
            FetchError(.invalidURI, .final, "the server does not give this file to us (HTTP \(status))")
        case 501, 505: FetchError(.invalidURI, .final, "the server does not support such a request (HTTP \(status))")
        case 500...599: FetchError(.other, .retry, "the server has a problem of its own (HTTP \(status))")
        default: FetchError(.invalidURI, .final, "the server answers HTTP \(status)")
        }
    }

    /// The failure for an error of libcurl's (libcurl-errors(3)).
    ///
    /// Failures that may repeat have stable texts: those of libcurl contain times and would differ with each attempt.
    /// - Parameters:
    ///   - errno: of a connection that failed, or 0.
    ///   - text: libcurl's error buffer; it may name the host, but neither user information nor query.
    static func failure(_ code: CURLcode, host: String, errno: Int32, text: String) -> FetchError {
        let reason = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
        switch code {
        case CURLE_URL_MALFORMAT: return FetchError(.invalidURI, .final, "the URI cannot be used")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            return FetchError(.invalidURI, .final, "\(host) does not answer as an HTTP server")
        case CURLE_OUT_OF_MEMORY: return FetchError(.outOfMemory, .retry, reason)
        case CURLE_FILESIZE_EXCEEDED: return FetchError(.noStorage, .final, reason)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS:
            return FetchError(.other, .final, "the server's certificate is not accepted: \(reason)")
        case CURLE_SSL_CONNECT_ERROR:
            return FetchError(.connectionLost, .unlikely, "no TLS connection with \(host): \(reason)")
        case CURLE_COULDNT_RESOLVE_HOST: return FetchError(.connectionLost, .retry, "the name \(host) does not resolve")
        case CURLE_COULDNT_RESOLVE_PROXY:
            return FetchError(.connectionLost, .retry, "the name of the proxy does not resolve")
        case CURLE_COULDNT_CONNECT:
            let why = errno == 0 ? "no connection" : String(cString: strerror(errno))
            return FetchError(.connectionLost, .retry, "\(host) cannot be connected to: \(why)")
        case CURLE_OPERATION_TIMEDOUT:
            return FetchError(.connectionLost, .retry, "\(host) does not answer, or sends next to nothing")
        case CURLE_GOT_NOTHING:
            return FetchError(.connectionLost, .retry, "\(host) closes the connection without an answer")
        case CURLE_PARTIAL_FILE, CURLE_SEND_ERROR, CURLE_RECV_ERROR:
            return FetchError(.connectionLost, .retry, "the connection with \(host) was lost")
        case CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_HTTP3, CURLE_PROXY, CURLE_AGAIN:
            return FetchError(.connectionLost, .retry, reason)
        default: return FetchError(.other, .final, reason)
        }
    }
}
