import CCurl
import FetchProtocol
import Glibc
import Linux

/// One download over http or https: `curl_easy_perform(3)`, its body to a descriptor, its status to another.
///
/// Redirects are followed here and not by libcurl: bounded, within http and https, and never from https down to http.
/// Loopback and link-local addresses are refused as the socket is opened, after redirects and the resolution of names. The
/// address of a proxy is the administrator's choice, and is not checked.
public final class Transfer {
    private let request: FetchRequest
    private let handle: UnsafeMutableRawPointer
    private let body: FileDescriptor
    private let status: FileDescriptor
    private let proxies: ProxySettings
    private var errorText = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))

    /// What the current response is, once its headers are read.
    private enum Response { case unknown, body, ignored }
    private var response = Response.unknown
    private var ignoredBytes = 0
    /// Where the body belongs, and how much of it was written.
    private var start = 0
    private var written = 0
    private var asksForRange = false
    private var failure: FetchError?
    /// Whether the request under way goes through a proxy.
    private var isProxied = false
    /// An address that was refused, and whether another one was tried.
    private var refused: RemoteAddress?
    private var opened = false

    /// - Parameters:
    ///   - environment: with the proxies.
    ///   - body: gets the body's bytes.
    ///   - status: gets the status lines.
    public init(
        _ request: FetchRequest, body: consuming FileDescriptor, status: consuming FileDescriptor,
        environment: [String: String] = ProxySettings.environment
    ) throws(FetchError) {
        guard gk_curl_global_init() == CURLE_OK, let handle = curl_easy_init() else {
            throw FetchError(.outOfMemory, .retry, "libcurl cannot start")
        }
        self.request = request
        proxies = ProxySettings(environment)
        self.handle = handle
        self.body = body
        self.status = status
    }

    deinit { curl_easy_cleanup(handle) }

    /// Downloads, and says how it ended with `done` or `error`.
    ///
    /// - Returns: whether all is there.
    public func run() -> Bool {
        do throws(FetchError) {
            try download()
            tell(.done(bytes: written))
            return true
        } catch {
            tell(.error(error))
            return false
        }
    }

    private func download() throws(FetchError) {
        var uri = request.uri
        var isSecure = try Self.isSecure(uri)
        var redirects = 0
        var fromStart = request.offset == 0 || request.validator == nil
        while true {
            let (code, httpStatus) = try perform(uri, fromStart: fromStart)
            if let failure { throw failure }
            if let target = gk_curl_redirect(handle).map({ String(cString: $0) }), (300..<400).contains(httpStatus) {
                redirects += 1
                guard redirects <= request.redirects else {
                    throw FetchError(.invalidURI, .final, "more than \(request.redirects) redirects")
                }
                let next = try Self.isSecure(target)
                guard next || !isSecure else {
                    throw FetchError(
                        .invalidURI, .final, "the server redirects from https to http, which is not followed")
                }
                uri = target
                isSecure = next
                continue
            }
            if httpStatus == 416, asksForRange, code == CURLE_OK {
                // The file is complete already, or its bytes are not of this resource.
                if let total = ContentRange(header("Content-Range"))?.total, total == request.offset {
                    tell(.size(total))
                    tell(.body(offset: total))
                    return
                }
                fromStart = true
                continue
            }
            // The status counts more than the transport error: the page that came with it was cut off here.
            if httpStatus >= 300 { throw Self.failure(status: httpStatus) }
            if let refused, !opened {
                throw FetchError(
                    .invalidURI, .final,
                    "\(refused) is a loopback or link-local address, which needs AllowLocalDownloads=yes")
            }
            guard code == CURLE_OK else {
                let host = Self.host(of: uri) ?? "the server"
                throw Self.failure(code, host: host, errno: gk_curl_errno(handle), text: curlText())
            }
            // A response without a body never reached the write callback.
            if response == .unknown { try begin() }
            return
        }
    }

    private func perform(_ uri: String, fromStart: Bool) throws(FetchError) -> (CURLcode, Int) {
        response = .unknown
        ignoredBytes = 0
        curl_easy_reset(handle)
        var headers: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(headers) }
        asksForRange = !fromStart
        if asksForRange, let validator = request.validator {
            headers = curl_slist_append(headers, "If-Range: \(validator)")
            try set(CURLOPT_RANGE, "\(request.offset)-")
        }
        try set(CURLOPT_URL, uri)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_USERAGENT, "gatekeel")
        // Chosen here and not by libcurl, which does not say whether it uses one.
        let proxy = Self.host(of: uri).flatMap {
            proxies.proxy(isSecure: uri.lowercased().hasPrefix("https:"), host: $0)
        }
        isProxied = proxy != nil
        (refused, opened) = (nil, false)
        try set(CURLOPT_PROXY, proxy ?? "")
        try set(CURLOPT_NOPROXY, "")
        if let authorities = request.authorities { try set(CURLOPT_CAINFO, authorities) }
        for (option, number) in [
            (CURLOPT_NOSIGNAL, 1), (CURLOPT_NOPROGRESS, 1), (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_TCP_KEEPALIVE, 1),
            (CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
            (CURLOPT_CONNECTTIMEOUT, request.connectTimeout),
            (CURLOPT_LOW_SPEED_LIMIT, request.lowSpeedBytes), (CURLOPT_LOW_SPEED_TIME, request.lowSpeedSeconds),
            (CURLOPT_HTTP_CONTENT_DECODING, 0), (CURLOPT_BUFFERSIZE, 1 << 17), (CURLOPT_HTTP09_ALLOWED, 0),
        ] {
            guard gk_curl_set_number(handle, option, number) == CURLE_OK else { throw Self.unset }
        }
        gk_curl_set_headers(handle, headers)
        // Unretained: libcurl calls back only inside curl_easy_perform, which `self` outlives.
        gk_curl_set_write(handle, transferWrite, Unmanaged.passUnretained(self).toOpaque())
        guard gk_curl_set_open(handle, transferOpen, Unmanaged.passUnretained(self).toOpaque()) == CURLE_OK else {
            throw Self.unset
        }
        let code = errorText.withUnsafeMutableBufferPointer { buffer in
            buffer.update(repeating: 0)
            gk_curl_set_error_buffer(handle, buffer.baseAddress)
            defer { gk_curl_set_error_buffer(handle, nil) }
            return curl_easy_perform(handle)
        }
        return (code, gk_curl_status(handle))
    }

    /// Opens a socket for an address of the server's or the proxy's; nil refuses it.
    fileprivate func open(_ family: Int32, _ type: Int32, _ number: Int32, _ address: UnsafeRawBufferPointer) -> Int32?
    {
        if !request.allowsLocal, !isProxied {
            guard let address = RemoteAddress(family, address) else { return nil }
            guard !address.isLocal else {
                refused = address
                return nil
            }
        }
        opened = true
        let socket = Glibc.socket(family, type | Int32(SOCK_CLOEXEC.rawValue), number)
        return socket >= 0 ? socket : nil
    }

    /// Takes bytes from libcurl's write callback; false stops the transfer.
    fileprivate func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        do throws(FetchError) {
            if response == .unknown { try begin() }
            if response == .ignored {
                ignoredBytes += bytes.count
                return ignoredBytes <= 1 << 16
            }
            guard bytes.count <= request.limit - start - written else { throw tooLarge }
            try write(bytes)
            written += bytes.count
            return true
        } catch {
            failure = error
            return false
        }
    }

    /// Looks at the headers of a response and tells what its body is.
    private func begin() throws(FetchError) {
        let status = gk_curl_status(handle)
        guard status == 200 || status == 206 else {
            response = .ignored
            return
        }
        if let encoding = header("Content-Encoding"), encoding != "identity" {
            throw FetchError(.unsupportedType, .final, "the server sends the file with a content encoding")
        }
        let length = Int(gk_curl_length(handle))
        var total = length >= 0 ? length : nil
        if status == 206 {
            guard asksForRange, let range = ContentRange(header("Content-Range")), range.first == request.offset else {
                throw FetchError(
                    .other, .final, "the server sends another part of the file than was asked for")
            }
            start = request.offset
            total = range.total
        } else {
            start = 0
        }
        if let total {
            guard total <= request.limit else { throw tooLarge }
            tell(.size(total))
        }
        if let validator = validator() { tell(.validator(validator)) }
        tell(.body(offset: start))
        response = .body
    }

    private func validator() -> String? {
        if let tag = header("ETag"), tag.utf8.count <= 256, tag.hasPrefix("\"") { return tag }
        // A weak ETag cannot validate a range (RFC 9110, 13.1.5).
        guard let date = header("Last-Modified"), date.utf8.count <= 64 else { return nil }
        return date
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(FetchError) {
        var done = 0
        let number = body.raw
        do throws(Errno) {
            while done < bytes.count {
                done += try retrying("write") {
                    Glibc.write(number, bytes.baseAddress.map { $0 + done }, bytes.count - done)
                }
            }
        } catch {
            let isFull = error.code == ENOSPC || error.code == EDQUOT
            throw FetchError(
                isFull ? .noStorage : .other, .final, "the body cannot be handed over: \(error.message)")
        }
    }

    /// Failures are ignored: a reader that is gone does not read the error either.
    private func tell(_ line: FetchStatus) { try? status.write(line.line) }

    private var tooLarge: FetchError {
        FetchError(
            .noStorage, .final, "the file is larger than \(request.limit) bytes, the most that is allowed")
    }

    private static let unset = FetchError(.outOfMemory, .retry, "libcurl cannot take an option")

    private func set(_ option: CURLoption, _ text: String) throws(FetchError) {
        guard gk_curl_set_text(handle, option, text) == CURLE_OK else { throw Self.unset }
    }

    private func header(_ name: String) -> String? { gk_curl_header(handle, name).map { String(cString: $0) } }

    private func curlText() -> String {
        String(decoding: errorText.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func host(of uri: String) -> String? {
        guard let host = gk_curl_host(uri) else { return nil }
        defer { curl_free(host) }
        return String(cString: host)
    }

    private static func isSecure(_ uri: String) throws(FetchError) -> Bool {
        let scheme = uri.prefix { $0 != ":" }.lowercased()
        switch scheme {
        case "https": return true
        case "http": return false
        default: throw FetchError(.invalidURI, .final, "only http and https are supported")
        }
    }
}

private func transferWrite(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ data: UnsafeMutableRawPointer?
) -> Int {
    guard let data else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(data).takeUnretainedValue()
    let length = size * count
    return transfer.take(UnsafeRawBufferPointer(start: bytes, count: length)) ? length : length == 0 ? 1 : 0
}

private func transferOpen(
    _ data: UnsafeMutableRawPointer?, _: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let data, let address else { return gk_curl_no_socket }
    let transfer = Unmanaged<Transfer>.fromOpaque(data).takeUnretainedValue()
    let bytes = UnsafeRawBufferPointer(start: gk_curl_address(address), count: Int(address.pointee.addrlen))
    let (family, type, number) = (address.pointee.family, address.pointee.socktype, address.pointee.protocol)
    return transfer.open(family, type, number, bytes) ?? gk_curl_no_socket
}
