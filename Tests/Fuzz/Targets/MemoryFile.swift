import Glibc
import Linux

/// Gives a parser its input as a file. The file is in memory and has no name.
func withMemoryFile<Value, Failure: Error>(
    _ bytes: [UInt8], _ body: (borrowing FileDescriptor) throws(Failure) -> Value
) throws(Failure) -> Value {
    let file = requireSuccess("a file in memory is made") { () throws(Errno) in
        let file = try FileDescriptor.unnamed(in: "/dev/shm")
        try file.write(bytes)
        return file.release()
    }
    return try body(FileDescriptor(owning: file))
}
