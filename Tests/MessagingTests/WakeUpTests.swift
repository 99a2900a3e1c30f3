import EventLoop
import Foundation
import HubTesting
import Messaging
import Observability
import Postgres
import Testing

/// Who has read to the end looks again only when woken. Here nobody looks now and then, so one wake-up too few is seen.
@Suite struct WakeUpTests {
    /// Batches are cut by their count and by their bytes.
    @Test(arguments: [(countMax: 3, bytesMax: 1 << 20), (countMax: 100, bytesMax: 1_000)])
    func `a partition and later events are read without polling`(
        _ cut: (countMax: Int, bytesMax: Int)
    ) async throws {
        try await Self.withUnpolledLog { log in
            func append(_ range: Range<Int>) async {
                let filler = String(repeating: ".", count: 400)
                _ = await log.append(
                    range.map { NewRecord(topic: "t", key: "k", headers: [], value: Array("\($0) \(filler)".utf8)) })
            }
            await append(0..<20)
            var limits = SubscriptionLimits()
            limits.batchBytesMax = cut.bytesMax
            let subscription = try await log.subscribe("g", to: ["t"], limits: limits)
            let lease = try #require(try await subscription.nextLease())
            _ = try await lease.start(at: nil)
            var count = 0
            for round in 1...3 {
                while count < 20 * round {
                    let batch = try await Self.soon { try await lease.next(countMax: cut.countMax) }
                    let numbers = (batch?.records ?? []).map { String($0.text.prefix { $0 != " " }) }
                    #expect(!numbers.isEmpty && numbers == (count..<count + numbers.count).map(String.init))
                    count += numbers.count
                }
                await append(count..<count + 20)
            }
            await subscription.close()
        }
    }

    @Test func `a reader that waits for new records is woken`() async throws {
        try await Self.withUnpolledLog { log in
            let reader = try await log.reader([TopicPartition("t", 0): 0..<Int64.max])
            for text in ["a", "b"] {
                async let batch = Self.soon { try await reader.next(countMax: 10) }
                await log.append([NewRecord(topic: "t", key: "k", headers: [], value: Array(text.utf8))])
                #expect(try await batch?.records.map(\.text) == [text])
            }
            await reader.close()
        }
    }

    /// Runs `body` with a log of one topic, `t`, with one partition.
    private static func withUnpolledLog(_ body: @escaping @Sendable (PostgresLog) async throws -> Void) async throws {
        try await TestDatabase.with(.init(schema: PostgresLog.schema, [PostgresLog.migrations])) { test in
            let database = test.connect(.init(schema: PostgresLog.schema))
            var unwoken = PostgresLog.Limits()
            unwoken.pollInterval = .seconds(3_600)
            let log = PostgresLog(
                database: database, loops: TestLoops.shared, limits: unwoken,
                logger: Logger(label: "test", level: .warning, sink: LogRecorder()))
            let running = TestLoops.shared.next().start("log") { try await log.run() }
            try await log.make([TopicSettings(name: "t", partitionCount: 1, retention: .seconds(86_400))])
            try await body(log)
            running.cancel()
            _ = await running.result
            await database.close()
        }
    }

    private static func soon<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withTimeout(
            .seconds(20), on: TestLoops.shared.next(), onTimeout: { CancellationError() }, body)
    }

    @Test(arguments: [(countMax: 3, bytesMax: 1 << 20), (countMax: 100, bytesMax: 300)])
    func `an outbox and later events are sent without polling`(
        _ cut: (countMax: Int, bytesMax: Int)
    ) async throws {
        try await TestHub.with { hub in
            var limits = RelayLimits()
            limits.pollInterval = .seconds(3_600)
            limits.batchCountMax = cut.countMax
            limits.batchBytesMax = cut.bytesMax
            try await hub.running([hub.relay(limits: limits).run]) {
                for round in 1...3 {
                    try await hub.user.transaction { tx in
                        for _ in 0..<20 { try hub.outbox.append(TestHub.registered(TestHub.user(1)), on: tx) }
                    }
                    try await eventually { try await hub.records(of: "user.registered").count == 20 * round }
                    try await eventually {
                        try await hub.user.query("select from outbox").isEmpty
                    }
                }
            }
        }
    }
}
