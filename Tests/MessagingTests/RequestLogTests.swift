import Contracts
import EventLoop
import Foundation
import HubTesting
@testable import Messaging
import Observability
import Postgres
import Testing

/// What is kept of answered requests, and how it is found.
@Suite struct RequestLogTests {
    private static let template = TestHub.template.adding(schema: RequestLog.schema, [RequestLog.migrations])

    private static func request(_ correlationID: String, _ route: String = "/courses/{id}") -> AnsweredRequest {
        AnsweredRequest(
            atMs: WallClock.millisecondsSinceEpoch, service: .course, method: "GET", route: route, status: 200,
            microseconds: 1_234, correlationID: correlationID)
    }

    private static func log(
        _ test: TestDatabase, _ logger: Logger = Logger(label: "test", sink: LogRecorder()),
        _ change: (inout RequestLog.Limits) -> Void = { _ in }
    ) -> RequestLog {
        var limits = RequestLog.Limits()
        limits.delay = .milliseconds(10)
        limits.retryDelay = .milliseconds(10)
        change(&limits)
        return RequestLog(database: test.database, loops: TestLoops.shared, limits: limits, logger: logger)
    }

    private static func kept(_ ids: [String], in test: TestDatabase) async throws -> [AnsweredRequest] {
        try await KeptRequests(database: test.database).find(ids.map { .init(correlationID: $0) }).requests
    }

    @Test(arguments: [
        "req_0199a2547add8628073d0890cbfa1234", "req_0199a2547add8628073d0890cbfa123",
        "req_0199A2547ADD8628073D0890CBFA1234",
        "a", String(repeating: "z", count: 64),
    ])
    func `a block returns its requests by correlation id`(id: String) {
        var block = RequestBlock()
        let requests = [Self.request("other"), Self.request(id), Self.request(id, "/courses"), Self.request("another")]
        for request in requests { block.append(request) }
        #expect(RequestBlock.requests(in: block.bytes, of: [id]) == Array(requests[1...2]))
        #expect(block.timesMs?.lowerBound == requests[0].atMs && block.count == 4)
        // What was cut off or is of a later form is no reason to fail.
        #expect(RequestBlock.requests(in: Array(block.bytes.dropLast(3)), of: [id]) == Array(requests[1...2]))
        #expect(RequestBlock.requests(in: block.bytes + [9, 9, 9], of: [id]).count == 2)
    }

    @Test func `a request takes no more than forty bytes`() {
        var block = RequestBlock()
        for _ in 0..<1_000 { block.append(Self.request(TraceContext.root().correlationID)) }
        #expect(block.bytes.count < 40_000)
    }

    @Test func `collected requests are one row, each is found by its id, and an idle process writes none`()
        async throws
    {
        try await TestDatabase.with(Self.template) { test in
            let log = Self.log(test) { $0.delay = .milliseconds(200) }
            let running = TestLoops.shared.next().start("request log") { try await log.run() }
            for number in 1...500 { log.note(Self.request("req_\(number)")) }
            try await eventually { try await Self.kept(["req_500"], in: test).count == 1 }
            #expect(try await Self.kept(["req_1", "req_77"], in: test).map(\.correlationID) == ["req_1", "req_77"])
            // Only a whole id is one.
            #expect(try await Self.kept(["req_50"], in: test).count == 1)
            #expect(try await Self.kept(["eq_50", "req_", "req_501"], in: test).isEmpty)
            let rows = try await test.database.query("select count(*) from requests.block")
            #expect(try rows[0].decode(Int64.self) <= 2)
            running.cancel()
            _ = await running.result
        }
    }

    @Test func `requests wait during an outage, with one log line, and a surplus is counted`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let lines = LogRecorder()
            let log = Self.log(test, Logger(label: "test", sink: lines)) { $0.waitingBytesMax = 1_000 }
            try await test.database.execute("alter table requests.block rename to away")
            let running = TestLoops.shared.next().start("request log") { try await log.run() }
            for number in 1...100 { log.note(Self.request("req_\(number)")) }
            try await eventually { lines.lines.contains { $0.contains("the request log cannot be written") } }
            try await test.database.execute("alter table requests.away rename to block")
            try await eventually { try await Self.kept(["req_1"], in: test).count == 1 }
            try await eventually { lines.lines.contains { $0.contains("the request log is written again") } }
            log.note(Self.request("req_late"))
            try await eventually { try await Self.kept(["req_late"], in: test).count == 1 }
            #expect(try await Self.kept(["req_100"], in: test).isEmpty)
            #expect(lines.lines.filter { $0.contains("the request log cannot be written") }.count == 1)
            #expect(lines.lines.contains { $0.contains("too many waited") && $0.contains("\"count\"") })
            running.cancel()
            _ = await running.result
        }
    }

    @Test func `requests older than a day are deleted, and the oldest beyond the size limit`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let log = Self.log(test) { $0.keptBytesMax = 2_000 }
            for number in 1...20 {
                for place in 1...10 { log.note(Self.request("req_\(number)_\(place)")) }
                try await log.write()
            }
            try await test.database.execute(
                "update requests.block set last_at = last_at - interval '25 hours' where id = (select max(id) from requests.block)"
            )
            try await log.trim()
            #expect(try await Self.kept(["req_1_1"], in: test).isEmpty)
            #expect(try await Self.kept(["req_20_1"], in: test).isEmpty)
            #expect(try await Self.kept(["req_19_1"], in: test).count == 1)
            let rows = try await test.database.query("select sum(octet_length(data)) from requests.block")
            #expect(try rows[0].decode(Int64.self) <= 2_000)
        }
    }

    @Test func `of two requests that begin at the same time, the one that contains the other comes first`() async throws
    {
        try await TestDatabase.with(Self.template) { test in
            let requests = Self.log(test)
            var inner = Self.request("req_1"), outer = inner
            (outer.service, outer.microseconds) = (.gateway, 2_000)
            inner.atMs = outer.atMs
            for request in [inner, outer] { requests.note(request) }
            try await requests.write()
            let log = PostgresLog(
                database: test.connect(.init(schema: PostgresLog.schema)), loops: TestLoops.shared,
                logger: Logger(label: "test", sink: LogRecorder()))
            let found = try await Journey(log: log, database: test.database).find("req_1")
            #expect(found.steps.map(\.service) == [.gateway, .course])
        }
    }

    @Test func `a trace says when it has not looked at all requests that are kept`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let requests = Self.log(test)
            for _ in 1...3 {
                requests.note(Self.request("req_1"))
                try await requests.write()
            }
            let log = PostgresLog(
                database: test.connect(.init(schema: PostgresLog.schema)), loops: TestLoops.shared,
                logger: Logger(label: "test", sink: LogRecorder()))
            func find(_ blocksCountMax: Int) async throws -> FoundJourneys {
                var limits = Journey.Limits()
                limits.blocksCountMax = blocksCountMax
                return try await Journey(log: log, database: test.database, limits: limits).find("req_1")
            }
            let whole = try await find(3)
            #expect(whole.leftOut.isEmpty && whole.steps.count == 3, "\(whole)")
            let part = try await find(2)
            #expect(
                part.leftOut == ["not all stored requests were searched"] && part.steps.count == 2, "\(part)")
        }
    }
}
