import LwM2M

extension DeviceManagement {
    /// A composite operation that was asked for.
    struct CompositeCall {
        enum Operation: Hashable { case read, observe, cancelObservation, write }

        let operation: Operation
        /// Of the payload.
        let format: ContentFormat
        /// Of the answer.
        let accept: ContentFormat
        let requester: Requester
    }

    /// Finds the composite operation that a request asks for: FETCH or iPATCH on the root (LwM2M Core 6.3.8, 6.3.9, 6.4.4,
    /// 6.4.5).
    ///
    /// - Returns: nil for any other request.
    /// - Throws: 4.02 for unknown critical options, 4.01 for a server without an account, 4.05 for a server of LwM2M 1.0,
    ///   which does not have the methods (RFC 7252, 5.8), 4.00 for queries and for a payload
    ///   without a format, 4.15 and 4.06 for formats that do not fit several paths.
    func composite(_ request: Request, from requester: Requester) throws(OperationError) -> CompositeCall? {
        guard request.method == .fetch || request.method == .iPatch, Target(request.path) == .root else { return nil }
        if let option = request.unknownCriticalOptions.first {
            throw OperationError(.badOption, "option \(option) is critical and not known here")
        }
        try access.checkAccount(requester)
        guard access.version(of: requester) > .v10 else {
            throw OperationError(.methodNotAllowed, "LwM2M 1.0 has no composite operations")
        }
        guard request.query.isEmpty || request.method == .fetch && request.observe != nil else {
            throw OperationError(.badRequest, "queries belong to Write-Attributes and Observe-Composite")
        }
        guard let format = request.contentFormat.map(ContentFormat.init(rawValue:)) else {
            throw OperationError(.badRequest, "the content format is missing")
        }
        guard Codec.compositeFormats.contains(format) else {
            throw OperationError(.unsupportedContentFormat, "content format \(format) does not fit several paths")
        }
        let accept = request.accept.map(ContentFormat.init(rawValue:)) ?? format
        let operation: CompositeCall.Operation
        switch (request.method, request.observe) {
        case (.iPatch, _): operation = .write
        case (_, 0): operation = .observe
        case (_, 1): operation = .cancelObservation
        default: operation = .read
        }
        guard operation == .write || Codec.compositeFormats.contains(accept) else {
            throw OperationError(.notAcceptable, "content format \(accept) does not fit several paths")
        }
        return CompositeCall(operation: operation, format: format, accept: accept, requester: requester)
    }

    /// Read-Composite (LwM2M Core 6.3.8): 2.05 with what is there of the paths, and may be read.
    ///
    /// - Throws: 4.00 for a payload that is not a list of paths.
    func readComposite(_ call: CompositeCall, _ request: Request) throws(OperationError) -> Response {
        let parts = paths(of: try selection(call, request)).map { path in
            (path: path, content: readableContent(of: path, for: call.requester))
        }
        return try response(parts, call.accept, access.version(of: call.requester))
    }

    /// The paths that the payload names.
    func selection(_ call: CompositeCall, _ request: Request) throws(OperationError) -> PathSelection {
        let selection: PathSelection
        do throws(CodecError) {
            selection = try Codec.decodePaths(request.payload, call.format)
        } catch {
            throw OperationError(taking: error)
        }
        guard !selection.isEmpty else { throw OperationError(.badRequest, "the payload names no path") }
        return selection
    }

    /// The paths that are to be looked at: for the root, all objects. Security (0) is not shown.
    func paths(of selection: PathSelection) -> [Path] {
        guard selection.includesRoot else { return selection.paths }
        return registry.identifiers.filter { $0 != 0 }.map { Path($0) }
    }

    /// What a path holds now, as far as the requester may read it: nothing if it is not there, not readable, or not the
    /// requester's to see.
    func readableContent(of path: Path, for requester: Requester) -> PathContent {
        guard let entry = registry[path.object, access.version(of: requester)] else { return .nothing }
        do throws(OperationError) {
            try access.check(.read, at: path, by: requester)
            return try content(of: path, entry, for: requester)
        } catch {
            return .nothing
        }
    }

    /// The contents of several paths as one. Where paths overlap, each value is in it once.
    ///
    /// - Throws: as `PathContent.entries(at:)`.
    func composite(_ parts: [(path: Path, content: PathContent)]) throws(CodecError) -> CompositeContent {
        var content = CompositeContent()
        var told: Set<Path> = []
        for part in parts {
            for entry in try part.content.entries(at: part.path) where told.insert(entry.path).inserted {
                content.entries.append(entry)
            }
        }
        return content
    }

    /// The contents of several paths as one answer.
    func response(
        _ parts: [(path: Path, content: PathContent)], _ format: ContentFormat, _ version: EnablerVersion
    ) throws(OperationError) -> Response {
        do throws(CodecError) {
            let payload = try Codec.encodeComposite(try composite(parts), format, version)
            return Response(.content, contentFormat: format.rawValue, payload: payload)
        } catch {
            throw OperationError(telling: error)
        }
    }
}
