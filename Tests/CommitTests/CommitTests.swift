import Commit
import Testing

@Suite struct CommitTests {
    @Test func `the commit is the one given to the build, or nil`() throws {
        guard let name = Commit.name else { return }
        #expect(name.wholeMatch(of: /[0-9a-f]{7,40}\+?/) != nil, "\(name)")
    }
}
