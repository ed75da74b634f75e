import LwM2MClient

/// One message's content: what a single datagram carries beyond type, message ID and token.
struct WireMessage: Hashable, Sendable {
    var code: Code
    var options = Options()
    var payload: [UInt8] = []

    init(_ code: Code, options: Options = Options(), payload: [UInt8] = []) {
        self.code = code
        self.options = options
        self.payload = payload
    }

    /// An error with a text for people (RFC 7252, 5.5.2).
    static func failure(_ code: Code, _ diagnostic: String) -> WireMessage {
        WireMessage(code, payload: Array(diagnostic.utf8))
    }

    /// The options and payload of a response, unsliced.
    init(_ response: Response) {
        code = response.code
        options.contentFormat = response.contentFormat
        if !response.locationPath.isEmpty { options.locationPath = response.locationPath }
        options.observe = response.observe
        options.maxAge = response.maxAge
        payload = response.payload
    }

    /// The options of a request; the payload is its sender's to add.
    init(optionsOf request: Request) {
        code = request.method
        options.path = request.path
        options.query = request.query
        options.contentFormat = request.contentFormat
        options.accept = request.accept
        options.observe = request.observe
    }

    /// This message as a response, with a body that may have come in blocks.
    func response(body: [UInt8]) -> Response {
        Response(
            code, contentFormat: options.contentFormat, locationPath: options.locationPath, observe: options.observe,
            maxAge: options.maxAge, payload: body)
    }

    /// This message as a request.
    func request(token: [UInt8]) -> Request {
        Request(
            code, path: options.path, query: options.query, contentFormat: options.contentFormat,
            accept: options.accept, observe: options.observe, token: token, payload: payload,
            unknownCriticalOptions: options.unknownCritical, blockExponent: options.block2?.exponent)
    }

    /// About how many bytes this takes in memory.
    var footprint: Int { payload.count + 192 }
}
