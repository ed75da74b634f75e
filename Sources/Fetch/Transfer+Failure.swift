import CCurl
import FetchProtocol

extension Transfer {
    /// The failure for an HTTP status that is no success.
    static func failure(status: Int) -> FetchError {
        switch status {
        case 408, 425, 429: FetchError(.other, mayRetry: true, "the server asks to try again later (HTTP \(status))")
        case 404, 410: FetchError(.invalidURI, mayRetry: false, "the server does not have this file (HTTP \(status))")
        case 401, 403:
            FetchError(.invalidURI, mayRetry: false, "the server does not give this file to us (HTTP \(status))")
        case 500...599: FetchError(.other, mayRetry: true, "the server has a problem of its own (HTTP \(status))")
        default: FetchError(.invalidURI, mayRetry: false, "the server answers HTTP \(status)")
        }
    }

    /// The failure for an error of libcurl's (libcurl-errors(3)).
    ///
    /// - Parameter text: its error buffer: it may name the host, but neither userinfo nor query.
    static func failure(_ code: CURLcode, text: String) -> FetchError {
        let reason = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
        switch code {
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT:
            return FetchError(.invalidURI, mayRetry: false, "the URI cannot be used")
        case CURLE_OUT_OF_MEMORY: return FetchError(.outOfMemory, mayRetry: true, reason)
        case CURLE_FILESIZE_EXCEEDED: return FetchError(.noStorage, mayRetry: false, reason)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS:
            return FetchError(.other, mayRetry: false, "the server's certificate is not accepted: \(reason)")
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT,
            CURLE_PARTIAL_FILE, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_SSL_CONNECT_ERROR,
            CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_HTTP3, CURLE_PROXY, CURLE_AGAIN:
            return FetchError(.connectionLost, mayRetry: true, reason)
        default: return FetchError(.other, mayRetry: false, reason)
        }
    }
}
