/// One parser of outside bytes, and what must hold for whatever bytes it gets.
struct FuzzTarget: Sendable {
    /// As in `Tests/run fuzz -- NAME SECONDS`; its seeds are in `Corpora/NAME`.
    let name: String
    /// Inputs with more bytes are not tried.
    let limit: Int
    /// Gives the parser an input and checks the properties. A refusal is a typed error: no other can leave.
    let run: @Sendable ([UInt8]) -> Void

    init(_ name: String, limit: Int = 4096, _ run: @escaping @Sendable ([UInt8]) -> Void) {
        self.name = name
        self.limit = limit
        self.run = run
    }
}
