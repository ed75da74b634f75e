import LwM2M
import Testing

@Suite struct PathTests {
    @Test(arguments: [
        ("/3", Path(3)), ("/3/0", Path(3, 0)), ("/3/0/9", Path(3, 0, 9)), ("/65534/1/2/3", Path(65534, 1, 2, 3)),
    ])
    func pathsAreRead(text: String, path: Path) {
        #expect(Path(text) == path)
        #expect(path.description == text)
    }

    @Test(arguments: [
        "", "/", "3", "//3", "/3/", "/03", "/+3", "/-1", "/65535", "/65536", "/3/0/9/1/2", "/a", "/3 ", "/٣",
    ])
    func otherTextsAreRefused(text: String) { #expect(Path(text) == nil) }

    @Test func pathsContainThoseBelow() {
        #expect(Path(3, 0).contains(Path(3, 0, 9)))
        #expect(Path(3, 0).contains(Path(3, 0)))
        #expect(!Path(3, 0, 9).contains(Path(3, 0)))
        #expect(!Path(3, 0).contains(Path(3, 1, 9)))
        #expect(Path(3, 0, 9).parent == Path(3, 0))
        #expect(Path(3).parent == nil)
    }
}
