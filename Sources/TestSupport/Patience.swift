import Glibc

/// How many times longer a test may wait for something: `GATEKEEL_PATIENCE`, without it 1. `Tests/arm64` sets it, because an
/// emulated processor is slow. Only bounds that a good run never reaches depend on it.
public let patience = max(1, getenv("GATEKEEL_PATIENCE").flatMap { Int(String(cString: $0)) } ?? 1)
