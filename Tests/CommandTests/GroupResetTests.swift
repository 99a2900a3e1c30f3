import Foundation
import HubTesting
import SystemTesting
import Testing

/// `groups reset`, which needs the service of the group to be stopped.
@Suite struct GroupResetTests {
    private struct Note: Decodable {
        let address: String
    }

    @Test func `the database of a stopped hub is started for it, and stopped again`() async throws {
        let folder = try WorkFolder("reset"), data = folder.file("hub")
        let reset = ["groups", "reset", "gamification", "--to", "beginning", "--yes", "--data", data.path]
        func run(_ arguments: [String]) async throws -> (code: Int32, text: String) {
            let program = try Program(arguments, [:], log: folder.file("reset.log"))
            let code = try await program.exitCode()
            return (code, program.output + program.logText)
        }
        #expect(try await run(reset).text.contains("no hub runs on"))

        let hub = try Program(["up", "--data", data.path, "--port", "0"], [:], log: folder.file("up.log"))
        let note: Note = try await eventually(within: .seconds(60), "the hub is up") {
            try? JSONDecoder().decode(Note.self, from: Data(contentsOf: data.appending(path: "hub.json")))
        }
        let client = HubClient(address: note.address)
        #expect(try await client.register("ada@example.com").status == 201)
        let token = try await client.logIn("ada@example.com")
        try await eventually(within: .seconds(60), "the points are there") { try await client.points(token) > 0 }
        await client.close()
        let early = try await run(reset)
        #expect(early.code == 1 && early.text.contains("stop the service first"), "\(early)")
        hub.interrupt()
        #expect(try await hub.exitCode() == 0)

        let late = try await run(reset)
        #expect(late.code == 0 && late.text.contains("user.registered/0 to offset 0"), "\(late)")
        let server = data.appending(path: "postgres/data/postmaster.pid").path
        #expect(!FileManager.default.fileExists(atPath: server), "the server still runs")
        folder.finish()
    }
}
