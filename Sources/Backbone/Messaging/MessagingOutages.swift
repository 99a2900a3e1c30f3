public import Observability

/// Reports outages of the log or the database once per process, not once per consumer, relay and service.
public final class MessagingOutages: Sendable {
    let partitions: OutageLog
    let batches: OutageLog
    let dependencies: OutageLog
    let groups: OutageLog
    let lags: OutageLog
    let relays: OutageLog
    let appends: OutageLog
    public let tasks: OutageLog

    public init(_ logger: Logger) {
        partitions = OutageLog(
            logger, failing: "partitions cannot be worked on, they wait", over: "the partitions are worked on again")
        batches = OutageLog(
            logger, level: .notice, failing: "batches are rolled back, their events are handled one by one",
            over: "batches are handled whole again")
        dependencies = OutageLog(
            logger, level: .error, failing: "a dependency is down, partitions wait for it",
            over: "the partitions go on")
        groups = OutageLog(logger, failing: "a group cannot be joined yet", over: "the groups are joined")
        lags = OutageLog(logger, failing: "the lag cannot be measured", over: "the lag is measured again")
        relays = OutageLog(logger, failing: "a relay is interrupted", over: "the relays go on")
        tasks = OutageLog(logger, failing: "tasks cannot be claimed", over: "tasks are claimed again")
        appends = OutageLog(logger, failing: "the log does not take events", over: "the log takes events again")
    }
}
