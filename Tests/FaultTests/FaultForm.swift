import Foundation
import HubTesting
import SystemTesting

/// How much is asked of the rows. Every run of the tests plays the short form; `HUB_FAULT_EVENTS`, which `make test-faults` sets,
/// chooses the long one: faults last as long as they do in life, on every version there is.
enum FaultForm {
    private static let wanted = ProcessInfo.processInfo.environment["HUB_FAULT_EVENTS"].flatMap { Int($0) }
    static let isLong = wanted != nil
    /// How many events a row has at least.
    static let eventsMin = wanted ?? 1_000
    /// A registration is told, answered with points, put on a list and mailed.
    static let registrationsMin = (eventsMin + 3) / 4
    /// Of those who buy and complete a course, how many begin with each fault.
    static let learnersARound = isLong ? 20 : 2
    /// How many people are at it at a time.
    static let lineCount = isLong ? 12 : 4

    static let kafkaVersions = isLong ? TestKafka.versions : TestKafka.versions.suffix(1)
    static let logs: [HubLogKind] = [.postgres] + kafkaVersions.map { .kafka($0) }

    static func choose<Value>(long: Value, short: Value) -> Value { isLong ? long : short }
}
