import Glibc

/// The target that the environment names.
private let target: FuzzTarget = {
    let name = getenv("GATEKEEL_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
        for target in FuzzTarget.all { print("\(target.name) \(target.limit)") }
        exit(name.isEmpty ? 0 : 2)
    }
    return target
}()

/// Called once by libFuzzer. Without a target in `GATEKEEL_FUZZ_TARGET` it prints all of them, each with its limit, and ends
/// the program.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_: UnsafeMutableRawPointer?, _: UnsafeMutableRawPointer?) -> CInt {
    _ = target
    return 0
}

/// Called by libFuzzer for each input. -1 keeps an input out of the corpus.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count <= target.limit else { return -1 }
    target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
