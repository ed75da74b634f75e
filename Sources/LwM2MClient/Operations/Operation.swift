import LwM2M

/// An operation of the Device Management and Information Reporting interfaces (LwM2M Core 6.3, 6.4).
enum Operation: Hashable, Sendable {
    case read, discover, observe, cancelObservation
    case write(WriteMode)
    case writeAttributes, execute, create, delete

    /// The operation that a request asks for, from its method, its options and the depth of its path.
    ///
    /// - Throws: 4.05 where the method means nothing.
    init(
        _ request: Request, at path: Path, _ definition: ObjectDefinition, _ version: EnablerVersion
    ) throws(OperationError) {
        switch request.method {
        case .get:
            if request.accept == ContentFormat.link.rawValue {
                self = .discover
            } else {
                switch request.observe {
                case 0: self = .observe
                case 1: self = .cancelObservation
                default: self = .read
                }
            }
        case .put:
            // A Write has a content format, a Write-Attributes has queries in its place.
            if request.contentFormat == nil && request.payload.isEmpty && !request.query.isEmpty {
                self = .writeAttributes
            } else {
                guard path.instance != nil else {
                    throw OperationError(.methodNotAllowed, "an object as a whole is not written")
                }
                self = .write(.replace)
            }
        case .post: self = try Self.post(request, at: path, definition, version)
        case .delete:
            guard path.instance != nil, path.resource == nil else {
                throw OperationError(.methodNotAllowed, "only object instances are deleted")
            }
            self = .delete
        default: throw OperationError(.methodNotAllowed, "this method means nothing at \(path)")
        }
    }

    /// POST creates below an object, updates an instance, executes a resource, or, from LwM2M 1.1 on, updates a resource's
    /// instances.
    private static func post(
        _ request: Request, at path: Path, _ definition: ObjectDefinition, _ version: EnablerVersion
    ) throws(OperationError) -> Operation {
        guard path.instance != nil else { return .create }
        guard let resource = path.resource else { return .write(.update) }
        guard path.resourceInstance == nil else {
            throw OperationError(.methodNotAllowed, "a resource instance is written with PUT")
        }
        // A partial update of a resource comes in a format that names its instances; a single value that is posted is
        // an Execute gone wrong.
        if version > .v10, let definition = definition[resource], definition.operations != .execute,
            let format = request.contentFormat,
            ContentFormat(rawValue: format).holdsSeveralValues
        {
            return .write(.update)
        }
        return .execute
    }
}
