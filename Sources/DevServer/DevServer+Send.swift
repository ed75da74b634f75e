import CoAP
import JSON
import LwM2M
import LwM2MClient

/// The server's side of Send (LwM2M Core 6.4.6).
extension DevServer {
    /// POST /dp of a registered client: 2.04, and the values as an event with their times, which are null without one.
    func sent(_ request: Request, _ session: CoAPSession) -> Response {
        guard request.method == .post else { return .failure(.methodNotAllowed, "POST /dp") }
        guard let client = registrations.last(where: { $0.session === session }) else {
            return .failure(.notFound, "this client is not registered")
        }
        let format = request.contentFormat.map(ContentFormat.init(rawValue:))
        guard let format, Codec.compositeFormats.contains(format) else {
            return .failure(.unsupportedContentFormat, "send SenML or LwM2M CBOR")
        }
        let decoded: DecodedComposite
        do throws(CodecError) {
            decoded = try Codec.decodeComposite(request.payload, format, definition(of:))
        } catch {
            return .failure(.badRequest, "\(error)")
        }
        event(
            "send",
            [
                .init("endpoint", .string(client.endpoint)),
                .init("values", .array(decoded.content.entries.map { JSON.entry($0) })),
            ])
        return Response(.changed)
    }
}
