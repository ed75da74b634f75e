import LwM2M

extension DeviceManagement {
    /// Delete (LwM2M Core 6.3.7): 2.02; what servers attached to the instance goes with it.
    ///
    /// - Throws: 4.04 when it is not there; what the object refuses (4.05).
    func delete(_ call: Call, _ request: Request) async throws(OperationError) -> Response {
        let instance = try requireInstance(call.path, call.entry)
        try await call.entry.object.delete(instance)
        changes?.instancesChanged(call.path.object)
        // The instance is gone whatever happens here: attributes that could not be forgotten harm nobody.
        try? await accounts.detach(below: call.path)
        return Response(.deleted)
    }
}
