import Foundation
import HTTP
import HubTesting
import Postgres
import SystemTesting
import Testing

/// An external PostgreSQL server that is down or cannot write.
@Suite struct DatabaseTroubleTests {
    /// A server that the test may stop and start, with a database `hub`.
    private static func withServer(
        tablespace: String? = nil, _ body: (PrivatePostgres) async throws -> Void
    ) async throws {
        let folder = try WorkFolder("trouble")
        let server = try await PrivatePostgres.start(
            .init(folder: folder.url.path, settings: ["fsync": "off"]))
        let database = Database(url: server.url(), loops: TestLoops.shared)
        if let tablespace {
            _ = try await database.query("create tablespace small location '\(raw: tablespace)'")
            _ = try await database.query("create database hub tablespace small")
        } else {
            _ = try await database.query("create database hub")
        }
        await database.close()
        do {
            try await body(server)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
        folder.finish()
    }

    private static func mail() -> String { "\(UUID().uuidString)@example.com" }

    private static func readiness(_ hub: HubUnderTest) async throws -> HubClient.Answer {
        let service = HubClient(address: "http://127.0.0.1:\(try hub.port(of: "user"))")
        let answer = try await service.get("/health/ready")
        await service.close()
        return answer
    }

    private static func isUnavailable(_ answer: HubClient.Answer) -> Bool {
        answer.status == 503 && answer.fields["retry-after"] != nil
    }

    @Test func `while the database is down every response is 503, readiness names it, and it recovers`()
        async throws
    {
        try await Self.withServer { server in
            let hub = try await HubUnderTest.inOneProcess(["DATABASE_URL": server.url(database: "hub")])
            #expect(try await hub.client.register(Self.mail()).status == 201)
            for _ in 0..<2 {
                await server.stop()
                for _ in 0..<20 { #expect(Self.isUnavailable(try await hub.client.register(Self.mail()))) }
                let away = try await Self.readiness(hub)
                #expect(away.status == 503 && away.text.contains(#""database":"failing""#), "\(away.text)")
                try await server.restart()
                try await eventually("it is ready again") { try await Self.readiness(hub).status == 200 }
                try await eventually("people register again") {
                    try await hub.client.register(Self.mail()).status == 201
                }
            }
            #expect(try await hub.stop() == [0])
        }
    }

    @Test func `a request to a frozen database gets 503, and later the account with the same key`() async throws {
        try await Self.withServer { server in
            defer { server.thaw() }
            let hub = try await HubUnderTest.inOneProcess(["DATABASE_URL": server.url(database: "hub")])
            let mails = (0..<12).map { _ in Self.mail() }
            let answers = try await withThrowingTaskGroup(of: HubClient.Answer.self) { group in
                for mail in mails { group.addTask { try await hub.client.register(mail, key: mail) } }
                var answers = [try #require(try await group.next())]
                // In the middle of the others, wherever they are.
                server.freeze()
                for try await answer in group { answers.append(answer) }
                return answers
            }
            for answer in answers where answer.status != 201 {
                #expect(Self.isUnavailable(answer), "\(answer.status) \(answer.text)")
            }
            #expect(Self.isUnavailable(try await hub.client.register(Self.mail())))
            server.thaw()
            var accounts: Set<String> = []
            for mail in mails {
                let answer = try await eventually(within: .seconds(60), "the same key has the account") {
                    let answer = try await hub.client.register(mail, key: mail)
                    return answer.status == 201 ? answer : nil
                }
                accounts.insert(try answer.json(HubClient.Account.self).id)
            }
            #expect(accounts.count == mails.count)
            #expect(try await hub.stop() == [0])
        }
    }

    @Test(.enabled(if: SmallDisk.obstacle == nil, "\(SmallDisk.obstacle ?? "")"))
    func `while the disk is full writes get 503, readiness names it, and free space ends it`() async throws {
        let disk = try SmallDisk(mebibytes: 64, user: getuid() == 0 ? "postgres" : nil)
        defer { disk.remove() }
        try await Self.withServer(tablespace: disk.path) { server in
            let hub = try await HubUnderTest.inOneProcess(["DATABASE_URL": server.url(database: "hub")])
            #expect(try await hub.client.register(Self.mail()).status == 201)
            let database = Database(url: server.url(database: "hub"), loops: TestLoops.shared)
            try await database.execute("create table filler (filling text)")
            for rows in [1_000, 100, 10, 1] {
                try await eventually(within: .seconds(60), "the disk is full") {
                    do {
                        try await database.execute(
                            "insert into filler select repeat('x', 1900) from generate_series(1, \(rows) * 4)")
                        return false
                    } catch let error as PostgresError { return error.sqlState == "53100" }
                }
            }
            // Data that fit into existing pages are still accepted.
            try await eventually(within: .seconds(60), "registrations fail") {
                let answer = try await hub.client.register(Self.mail())
                #expect(answer.status == 201 || Self.isUnavailable(answer), "\(answer.status) \(answer.text)")
                return answer.status == 503
            }
            for _ in 0..<3 {
                let full = try await Self.readiness(hub)
                #expect(full.status == 503 && full.text.contains(#""database":"failing""#), "\(full.text)")
            }
            try await database.execute("drop table filler")
            try await eventually("it is ready again") { try await Self.readiness(hub).status == 200 }
            try await eventually("people register again") { try await hub.client.register(Self.mail()).status == 201 }
            await database.close()
            #expect(try await hub.stop() == [0])
        }
    }
}
