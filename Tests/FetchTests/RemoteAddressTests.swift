import Testing

@testable import Fetch

@Suite struct RemoteAddressTests {
    @Test(arguments: [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "169.254.0.1", "169.254.169.254", "::", "::1", "fe80::1",
        "febf:ffff::1", "::ffff:127.0.0.1", "::ffff:169.254.1.1", "::ffff:0.0.0.0", "::127.0.0.1", "64:ff9b::127.0.0.1",
        "[::1]",
    ])
    func local(text: String) throws {
        #expect(try #require(RemoteAddress(text)).isLocal)
    }

    @Test(arguments: [
        "10.0.0.1", "192.168.1.1", "128.0.0.1", "126.255.255.255", "169.253.1.1", "1.0.0.0", "8.8.8.8", "2001:db8::1",
        "fec0::1", "fd00::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2001::7f00:1",
    ])
    func notLocal(text: String) throws {
        #expect(try !#require(RemoteAddress(text)).isLocal)
    }

    @Test func textsAndNetworks() throws {
        #expect(RemoteAddress("example.org") == nil && RemoteAddress("127.1") == nil && RemoteAddress("") == nil)
        let address = try #require(RemoteAddress("192.168.7.9"))
        #expect(address.description == "192.168.7.9")
        #expect(address.isIn(try #require(RemoteAddress("192.168.0.0")), bits: 16))
        #expect(!address.isIn(try #require(RemoteAddress("192.168.0.0")), bits: 24))
        #expect(!address.isIn(try #require(RemoteAddress("::")), bits: 0))
    }
}

@Suite struct ProxySettingsTests {
    private let settings = ProxySettings([
        "http_proxy": "http://p:1", "https_proxy": "http://p:2",
        "no_proxy": "localhost, .corp.example,10.0.0.0/8,::1 Other.Example.",
    ])

    @Test(arguments: [
        ("localhost", false), ("LOCALHOST", false), ("localhost.", false), ("a.corp.example", false),
        ("corp.example", false), ("notcorp.example", true), ("10.1.2.3", false), ("11.1.2.3", true), ("[::1]", false),
        ("[::2]", true), ("other.example", false), ("x.other.example", false), ("files.example", true),
    ])
    func exceptions(host: String, isProxied: Bool) {
        #expect(settings.proxy(isSecure: false, host: host) == (isProxied ? "http://p:1" : nil))
        #expect(settings.proxy(isSecure: true, host: host) == (isProxied ? "http://p:2" : nil))
    }

    @Test func whichOne() {
        #expect(ProxySettings([:]).proxy(isSecure: false, host: "h") == nil)
        #expect(ProxySettings(["all_proxy": "socks5h://p"]).proxy(isSecure: true, host: "h") == "socks5h://p")
        #expect(ProxySettings(["http_proxy": "http://p", "no_proxy": "*"]).proxy(isSecure: false, host: "h") == nil)
        #expect(ProxySettings(["http_proxy": "http://p"]).proxy(isSecure: true, host: "h") == nil)
    }
}
