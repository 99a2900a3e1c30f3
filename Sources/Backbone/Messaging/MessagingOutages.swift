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
    public let stopped = StoppedPartitions()

    public init(_ logger: Logger) {
        partitions = OutageLog(
            logger, failing: "partitions cannot be consumed yet", over: "the partitions are consumed again")
        batches = OutageLog(
            logger, level: .notice, failing: "batches are rolled back, and their events are handled one by one",
            over: "whole batches are handled again")
        dependencies = OutageLog(
            logger, level: .error, failing: "a dependency is down, the partitions wait for it",
            over: "the dependency works again, the partitions continue")
        groups = OutageLog(
            logger, failing: "consumers cannot join a group yet", over: "the consumers have joined their groups")
        lags = OutageLog(logger, failing: "the lag cannot be measured", over: "the lag can be measured again")
        relays = OutageLog(logger, failing: "a relay cannot publish events", over: "the relays publish events again")
        tasks = OutageLog(logger, failing: "tasks cannot be claimed", over: "tasks can be claimed again")
        appends = OutageLog(logger, failing: "the log does not accept events", over: "the log accepts events again")
    }
}
