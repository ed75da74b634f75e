import LwM2M
import LwM2MClient

/// A request of a server's, on a path as it is written: `/3/0/9`.
func serverRequest(
    _ method: Code, _ path: String, format: UInt16? = nil, payload: [UInt8] = [], query: [String] = [],
    accept: UInt16? = nil, observe: UInt32? = nil
) -> Request {
    Request(
        method, path: path.split(separator: "/").map { String($0) }, query: query, contentFormat: format,
        accept: accept, observe: observe, token: [1], payload: payload)
}
