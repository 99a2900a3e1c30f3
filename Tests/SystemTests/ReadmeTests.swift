import Foundation
import HubTesting
import SystemTesting
import Testing

/// The shell commands of the README.
@Suite struct ReadmeTests {
    @Test func `the commands of the README show mail, person and points`() async throws {
        let readme = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "README.md")
        let text = try String(contentsOf: readme, encoding: .utf8)
        let found = try #require(text.firstMatch(of: /```sh\n(hub=http:\/\/127\.0\.0\.1:3000\n(?s:.*?))```/))
        let hub = try await HubUnderTest.inOneProcess()
        let shell = "import subprocess, sys; sys.exit(subprocess.run(['bash', '-eu'], stdin=0, timeout=60).returncode)"
        let block = String(found.output.1).replacing("http://127.0.0.1:3000", with: hub.address)
        let run = try await TestPython.run("-c", [shell], input: block)
        #expect(run.code == 0, "\(run.output)")
        for part in [#""subject":"Welcome"#, #""lastName":"Lovelace""#, #""points":"#] {
            #expect(run.output.contains(part), "\(run.output)")
        }
        #expect(try await hub.stop() == [0])
    }
}
