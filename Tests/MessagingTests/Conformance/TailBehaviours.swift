import EventLoop
import HubTesting
import Observability
import SchemaRegistry
import Synchronization
import Testing

@testable import Messaging

extension EventLogBehaviour {
    static let tails: [EventLogBehaviour] = [
        EventLogBehaviour("a tail hands on what comes after it began, and goes on where it failed or was stopped") {
            test in
            try await test.make(partitions: 2)
            try await test.append([test.record("k", "before", partition: 0)])
            let tail = TestTail(test)
            tail.start()
            try await tail.gaps.wait()
            try await test.append([test.record("k", "a", partition: 0)])
            try await eventually(within: .seconds(20)) { tail.seen.values == ["a"] }
            let texts = ["unreadable", "fails once", "b"]
            try await test.append(texts.map { test.record("k", $0, partition: 0) })
            try await eventually(within: .seconds(20)) { tail.seen.values == ["a", "fails once", "b"] }
            #expect(tail.changes.values == [true, false, true])
            await tail.stop()
            #expect(tail.changes.values == [true, false, true, false])
            try await test.append([test.record("k", "while it was away", partition: 1)])
            tail.start()
            try await eventually(within: .seconds(20)) { tail.seen.values.last == "while it was away" }
            #expect(tail.gaps.passed == 1)
            await tail.stop()
        },

        EventLogBehaviour("a tail finds partitions that are added, and says when records are gone before it saw them") {
            test in
            try await test.make(partitions: 1)
            let tail = TestTail(test)
            tail.start()
            try await tail.gaps.wait()
            try await test.make(partitions: 2)
            try await eventually(within: .seconds(20), "the log takes records for the new partition") {
                if case .accepted = await test.log.append([test.record("k", "new", partition: 1)])[0] {
                    true
                } else {
                    false
                }
            }
            try await eventually(within: .seconds(20)) { tail.seen.values.contains("new") }
            #expect(tail.gaps.passed == 1)
            await tail.stop()

            let last = try #require(try await test.append([test.record("k", "lost", partition: 0)]).last)
            try await test.factory.removeRecords(of: last.partition, below: last.offset + 1, test.log)
            tail.start()
            try await tail.gaps.wait(2)
            try await test.append([test.record("k", "after", partition: 0)])
            try await eventually(within: .seconds(20)) { tail.seen.values.contains("after") }
            #expect(!tail.seen.values.contains("lost"))
            await tail.stop()
        },
    ]
}

/// A tail of the test's topic, run again whenever it fails.
private final class TestTail: Sendable {
    let seen = Collected<String>()
    let gaps = Gate()
    let changes = Collected<Bool>()
    private let reader: TailReader
    private let running = Mutex<Task<Void, any Error>?>(nil)

    init(_ test: LogUnderTest) {
        let (seen, gaps, changes, hasFailed) = (seen, gaps, changes, Tally())
        let handler = TailHandler(topic: test.topic) { record, _ in
            if record.text == "unreadable" { throw Failure.permanent("damaged") }
            if record.text == "fails once", hasFailed.add() == 1 { throw Failure.dependencyDown("away") }
            seen.add(record.text)
        }
        reader = TailReader(
            Tail([handler], onGap: { gaps.open() }, onChange: { changes.add($0) }), log: test.log,
            codec: EventCodec(registry: InMemorySchemaRegistry()), loops: TestLoops.shared,
            lookInterval: .milliseconds(50), logger: Logger(label: "test", sink: LogRecorder()))
    }

    func start() {
        let reader = reader
        let task = TestLoops.shared.next().start("tail") { while !Task.isCancelled { try? await reader.run() } }
        running.withLock { $0 = task }
    }

    func stop() async {
        let task = running.withLock { $0 }
        task?.cancel()
        _ = await task?.result
    }
}
