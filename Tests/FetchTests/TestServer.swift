import Glibc
import Linux
import TestSupport

/// A misbehaving web server on loopback, in Python; ended with the test.
final class TestServer {
    let folder: TemporaryDirectory
    let port: String
    private let pid: pid_t

    /// The bytes that it serves.
    static let content = (0..<500_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }

    init() throws {
        folder = try TemporaryDirectory("fetch")
        try folder.write("content", Self.content)
        try folder.write("server.py", Self.program.utf8)
        try shell(
            """
            cd '\(folder.path)'; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem \
                -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -days 2
            mkfifo ready; python3 server.py > log 2>&1 & echo $! > pid
            """)
        // Opens when the server does: no polling.
        let ready = try shell("cd '\(folder.path)'; cat ready pid").split(whereSeparator: \.isWhitespace).map(
            String.init)
        guard ready.count == 3, let pid = pid_t(ready[2]) else { throw CommandFailed(description: "server: \(ready)") }
        port = ready[0]
        self.securePort = ready[1]
        self.pid = pid
    }

    let securePort: String

    deinit { kill(pid, SIGTERM) }

    func http(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }
    func https(_ path: String) -> String { "https://localhost:\(securePort)\(path)" }

    private static let program = """
        import http.server, os, socketserver, ssl, threading, time
        data = open('content', 'rb').read()
        version = ['"v1"']
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *a): pass
            def send(self, status, headers, body=b''):
                self.send_response(status)
                for k, v in headers.items(): self.send_header(k, v)
                if 'Content-Length' not in headers and 'Transfer-Encoding' not in headers: self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def cut(self):
                self.wfile.flush(); self.close_connection = True
                self.connection.shutdown(2)
            def do_GET(self):
                # As a proxy it gets the whole URI.
                if self.path.startswith('http://'): self.path = '/' + self.path.split('/', 3)[3]
                path = self.path.split('?')[0]
                etag = {'ETag': version[0], 'Last-Modified': 'Tue, 01 Oct 2024 10:00:00 GMT'}
                first = 0
                range = self.headers.get('Range')
                if range and self.headers.get('If-Range') in (etag['ETag'], etag['Last-Modified']) and path != '/norange':
                    first = int(range.split('=')[1].split('-')[0])
                if path in ('/file', '/cut', '/norange', '/empty', '/weak', '/liar'):
                    content = b'' if path == '/empty' else data
                    if path == '/weak': etag['ETag'] = 'W/' + etag['ETag']
                    if range and path == '/liar':
                        return self.send(206, {'Content-Range': 'bytes 5-%d/%d' % (len(data) - 1, len(data))}, data[5:])
                    if first and first >= len(content):
                        return self.send(416, {'Content-Range': 'bytes */%d' % len(content)})
                    if first:
                        etag['Content-Range'] = 'bytes %d-%d/%d' % (first, len(content) - 1, len(content))
                    if path == '/cut':
                        rest = content[first:]
                        etag['Content-Length'] = str(len(rest))
                        self.send(206 if first else 200, etag, rest[:max(1, len(rest) // 2)]); return self.cut()
                    return self.send(206 if first else 200, etag, content[first:])
                if path == '/chunked':
                    return self.send(200, {'Transfer-Encoding': 'chunked'}, b'5\\r\\nhello\\r\\n0\\r\\n\\r\\n')
                if path == '/cutchunks':
                    self.send(200, {'Transfer-Encoding': 'chunked'}, b'5\\r\\nhello\\r\\n50\\r\\nhal'); return self.cut()
                if path == '/endless':
                    self.send(200, {'Transfer-Encoding': 'chunked'})
                    try:
                        while True: self.wfile.write(b'10000\\r\\n' + b'x' * 65536 + b'\\r\\n')
                    except OSError: return
                if path == '/slow':
                    self.send(200, {'Content-Length': '1000'})
                    try:
                        while True: self.wfile.write(b'x'); self.wfile.flush(); time.sleep(0.5)
                    except OSError: return
                if path == '/encoded': return self.send(200, {'Content-Encoding': 'gzip'}, b'x')
                if path == '/nothing': return self.cut()
                if path == '/page404': return self.send(404, {}, b'z' * 1000000)
                if path.startswith('/status/'): return self.send(int(path[8:]), {})
                if path == '/to': return self.send(302, {'Location': self.path.split('?', 1)[1]}, b'a page')
                if path == '/loop': return self.send(302, {'Location': '/loop'})
                if path == '/change': version[0] = '"v2"'; return self.send(200, {})
                if path == '/auth': return self.send(200, {}, (self.headers.get('Authorization') or 'none').encode())
                self.send(404, {}, b'a page')
        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer): daemon_threads = True
        plain = Server(('127.0.0.1', 0), Handler)
        secure = Server(('127.0.0.1', 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain('cert.pem', 'key.pem')
        secure.socket = context.wrap_socket(secure.socket, server_side=True)
        threading.Thread(target=secure.serve_forever, daemon=True).start()
        open('ready', 'w').write('%d %d ' % (plain.server_port, secure.server_port))
        plain.serve_forever()
        """
}

/// A server on loopback that sends a text to everyone and closes.
final class PlainServer {
    let port: Int
    private let pid: pid_t

    init(_ text: String) throws {
        let folder = try TemporaryDirectory("plain")
        let program = """
            import socket
            server = socket.create_server(('127.0.0.1', 0))
            open('ready', 'w').write('%d\\n' % server.getsockname()[1])
            while True:
                peer, _ = server.accept()
                try:
                    peer.sendall(open('text', 'rb').read())
                    peer.recv(4096)
                except OSError: pass
                peer.close()
            """
        try folder.write("server.py", program.utf8)
        try folder.write("text", text.utf8)
        try shell("cd '\(folder.path)'; mkfifo ready; python3 server.py > log 2>&1 & echo $! > '\(folder.path)/pid'")
        let ready = try shell("cd '\(folder.path)'; cat ready pid").split(whereSeparator: \.isWhitespace)
        guard ready.count == 2, let port = Int(ready[0]), let pid = pid_t(ready[1]) else {
            throw CommandFailed(description: "server: \(ready)")
        }
        self.port = port
        self.pid = pid
        self.folder = folder
    }

    private let folder: TemporaryDirectory

    deinit { kill(pid, SIGTERM) }
}
