import Messaging
import Testing

/// Creates clients of one event log, each like that of a separate process.
///
/// A log passes the conformance suite when every ``EventLogBehaviour`` holds for its factory.
protocol EventLogFactory: Sendable {
    /// Another client on the same data.
    func connect() async throws -> any EventLog
    /// Ends a client as `kill -9` would end its process: it leaves nothing in order.
    func kill(_ log: any EventLog) async
    /// Removes records as retention would.
    func removeRecords(of partition: TopicPartition, below offset: Int64, _ log: any EventLog) async throws
    /// Features that not every log or test has.
    var abilities: Set<LogAbility> { get }
    /// Lease and heartbeat durations that tests can wait for.
    var limits: SubscriptionLimits { get }
}

enum LogAbility {
    /// The times of a partition never fall, whatever appenders give.
    case risingTimes
    /// A client can be ended as `kill -9` would end its process.
    case kill
}

/// One thing every event log does.
struct EventLogBehaviour: Sendable, CustomTestStringConvertible {
    let sentence: String
    let needs: Set<LogAbility>
    let check: @Sendable (LogUnderTest) async throws -> Void

    init(
        _ sentence: String, needs: Set<LogAbility> = [],
        _ check: @escaping @Sendable (LogUnderTest) async throws -> Void
    ) {
        self.sentence = sentence
        self.needs = needs
        self.check = check
    }

    var testDescription: String { sentence }

    static let all: [EventLogBehaviour] = records + tails + offsets + groups + members
}
