import EventLoop
import LwM2M

extension DeviceManagement {
    /// Where a body of several blocks goes: to the resource's sink, to memory up to a limit, or nowhere.
    func upload(_ request: Request, size: Int?, from requester: Requester) -> UploadDecision {
        do throws(OperationError) {
            if try composite(request, from: requester) != nil { return .collect(limit: Self.bodyLimit) }
            let call = try call(request, from: requester)
            switch call.operation {
            case .write:
                _ = try requireWritable(call.path, call.entry)
                try requireFormat(call, request)
            case .create: try requireFormat(call, request)
            case .execute: try requireText(request)
            default: throw OperationError(.badRequest, "this operation has no payload")
            }
            if let sink = try sink(call, request, size: size) { return .stream(sink) }
            return .collect(limit: Self.bodyLimit)
        } catch {
            return .refuse(error.response)
        }
    }

    /// Before a body is collected that could not be taken: 4.13 would be the wrong thing to say of it.
    private func requireFormat(_ call: Call, _ request: Request) throws(OperationError) {
        guard let format = request.contentFormat else {
            throw OperationError(.badRequest, "the content format is missing")
        }
        do throws(CodecError) {
            _ = try Codec.format(accept: format, at: call.path, call.entry.definition, call.entry.version)
        } catch {
            throw OperationError(taking: error)
        }
    }

    /// The sink for a body that came in one block; nil for what is written from memory. A refusal is answered, and the
    /// sink is then one that takes nothing.
    func directSink(
        _ call: Call, _ request: Request, _ respond: @escaping @LoopActor (Response) -> Void
    ) -> (any UploadSink)? {
        guard case .write = call.operation else { return nil }
        do throws(OperationError) {
            _ = try requireWritable(call.path, call.entry)
            return try sink(call, request, size: request.payload.count)
        } catch {
            return RefusingSink(error.response)
        }
    }

    /// The sink of an opaque resource, behind what takes the payload's format off.
    private func sink(_ call: Call, _ request: Request, size: Int?) throws(OperationError) -> (any UploadSink)? {
        guard call.operation == .write(.replace), let instance = call.path.instance, let id = call.path.resource,
            call.path.resourceInstance == nil, let resource = call.entry.definition[id], resource.type == .opaque,
            !resource.multiple, let format = request.contentFormat
        else { return nil }
        let object = call.entry.object
        switch ContentFormat(rawValue: format).registered {
        case .opaque: return try sink(of: object, instance, id, size: size, call.requester)
        case .tlv:
            return try sink(of: object, instance, id, size: nil, call.requester).map {
                FramedSink($0, .tlv(resource: id))
            }
        case .cbor:
            return try sink(of: object, instance, id, size: nil, call.requester).map { FramedSink($0, .cbor) }
        default: return nil
        }
    }

    /// An object's sink, for who asks.
    private func sink(
        of object: any Object, _ instance: UInt16, _ resource: UInt16, size: Int?, _ requester: Requester
    ) throws(OperationError) -> (any UploadSink)? {
        let result: Result<(any UploadSink)?, OperationError> = Requester.$current.withValue(requester) {
            do throws(OperationError) {
                return .success(try object.sink(instance, resource, size: size))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// Answers a body with a refusal that was known before it came.
private final class RefusingSink: UploadSink {
    private let response: Response

    init(_ response: Response) { self.response = response }

    func append(_ bytes: [UInt8]) -> Response? { response }
    func finish(respond: @escaping @LoopActor (Response) -> Void) { respond(response) }
    func abort(_ reason: TransportError) {}
}
