import Glibc

/// Ends the process when a property does not hold; libFuzzer then writes the input to a file.
func require(
    _ holds: @autoclosure () -> Bool, _ property: @autoclosure () -> String, file: StaticString = #fileID,
    line: UInt = #line
) {
    if holds() { return }
    fail(property(), file: file, line: line)
}

/// Requires two values to be equal, and shows them if they are not.
func requireEqual<Value: Equatable>(
    _ left: Value, _ right: Value, _ property: @autoclosure () -> String, file: StaticString = #fileID,
    line: UInt = #line
) {
    if left == right { return }
    fail("\(property())\n  \(left)\n  \(right)", file: file, line: line)
}

/// Requires that something does not throw.
func requireSuccess<Value, Failure: Error>(
    _ property: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line,
    _ body: () throws(Failure) -> Value
) -> Value {
    do throws(Failure) {
        return try body()
    } catch {
        fail("\(property())\n  \(error)", file: file, line: line)
    }
}

/// What a parser gives, or nil if it refuses the input.
func accepted<Value, Failure: Error>(_ body: () throws(Failure) -> Value) -> Value? {
    do throws(Failure) { return try body() } catch { return nil }
}

private func fail(_ text: String, file: StaticString, line: UInt) -> Never {
    // All of it in one piece, before libFuzzer writes its own lines.
    let message = "PROPERTY \(file):\(line): \(text)\n"
    _ = message.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    abort()
}
