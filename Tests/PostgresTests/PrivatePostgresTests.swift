internal import EventLoop
internal import Foundation
internal import HubTesting
internal import Postgres
internal import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct `A private server` {
    private func withFolder(_ name: String, _ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "hub-\(name)-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private func configuration(_ folder: String) -> PrivatePostgres.Configuration {
        .init(folder: folder, settings: ["fsync": "off"])
    }

    @Test func `a private server keeps its data, and a running one is used again`() async throws {
        try await withFolder("again") { folder in
            let server = try await PrivatePostgres.start(configuration(folder))
            let database = Database(url: server.url(), loops: TestLoops.shared)
            try await database.execute("create table t as select 7 as n")
            let same = try await PrivatePostgres.start(configuration(folder))
            #expect(same.process == server.process)
            await database.close()
            await server.stop()

            let next = try await PrivatePostgres.start(configuration(folder))
            let again = Database(url: next.url(), loops: TestLoops.shared)
            let kept = try await again.query("select n from t").first?.get(0, as: Int.self)
            #expect(kept == 7)
            await again.close()
            await next.stop()
            #expect(kill(next.process, 0) != 0)
        }
    }

    @Test func `a private server works in a deep or unusual folder, and starts on a loop`() async throws {
        try await withFolder("deep") { root in
            let folder = root + "/" + String(repeating: "deep folder's ", count: 8)
            let server = try await TestLoops.shared.loops[0].run("a test's server") {
                try await PrivatePostgres.start(self.configuration(folder))
            }
            defer { try? FileManager.default.removeItem(atPath: server.socketFolder) }
            #expect(server.socketFolder.utf8.count < 92)
            let database = Database(url: server.url(), loops: TestLoops.shared)
            let durable = try await database.query("show data_checksums").first?.get(0, as: String.self)
            #expect(durable == "on")
            let locale = try await database.query(
                "select datcollate from pg_database where datname = current_database()"
            ).first?.get(0, as: String.self)
            #expect(locale == "C.UTF-8")
            await database.close()
            await server.stop()
        }
    }

    @Test func `a private server is durable by default, and listens only on its socket`() async throws {
        try await withFolder("durable") { folder in
            let server = try await PrivatePostgres.start(.init(folder: folder))
            let database = Database(url: server.url(), loops: TestLoops.shared)
            for (setting, expected) in [
                ("fsync", "on"), ("synchronous_commit", "on"), ("full_page_writes", "on"), ("listen_addresses", ""),
            ] {
                let value = try await database.query("select current_setting(\(setting))").first?.get(
                    0, as: String.self)
                #expect(value == expected)
            }
            await database.close()
            await server.stop()
        }
    }

    @Test func `a private server accepts only the user who started it`() async throws {
        try await withFolder("closed") { folder in
            let server = try await PrivatePostgres.start(configuration(folder))
            let mode = try FileManager.default.attributesOfItem(atPath: server.socketFolder)[.posixPermissions] as? Int
            #expect(mode == 0o700)
            let database = Database(url: server.url(), loops: TestLoops.shared)
            let rules = try await database.query("select type, auth_method from pg_hba_file_rules").map {
                try $0.decode(String.self, String.self)
            }
            #expect(rules.map(\.0) == ["local"] && rules.map(\.1) == ["peer"])
            await database.close()
            await server.stop()
        }
    }

    @Test func `a stale lock with the process id of another program is ignored`() async throws {
        try await withFolder("stale") { folder in
            let server = try await PrivatePostgres.start(configuration(folder))
            let lock = try String(contentsOfFile: folder + "/data/postmaster.pid", encoding: .utf8)
            await server.stop()
            let lines = lock.split(separator: "\n", omittingEmptySubsequences: false)
            // Alive, of the server's own user, and not a server of this folder.
            let other = try await PrivatePostgres.start(configuration(folder + "-other"))
            let stale = (["\(other.process)"] + lines.dropFirst().map(String.init)).joined(separator: "\n")
            try stale.write(toFile: folder + "/data/postmaster.pid", atomically: false, encoding: .utf8)
            let next = try await PrivatePostgres.start(configuration(folder))
            #expect(next.process != other.process)
            await next.stop()
            await other.stop()
            try FileManager.default.removeItem(atPath: folder + "-other")
        }
    }

    @Test func `an obstacle to the start is reported`() async throws {
        try await withFolder("broken") { folder in
            try FileManager.default.createDirectory(atPath: folder + "/data", withIntermediateDirectories: true)
            try Data("9\n".utf8).write(to: URL(filePath: folder + "/data/PG_VERSION"))
            let error = await #expect(throws: PostgresError.self) {
                _ = try await PrivatePostgres.start(configuration(folder))
            }
            #expect(error?.kind == .startup)
            #expect(error?.message.contains("written by PostgreSQL 9") == true)
        }
    }
}
