import Foundation
import HubTesting
import SystemTesting

/// The size of the fault tests. Every test run uses the short form; `HUB_FAULT_EVENTS`, which `make test-faults` sets,
/// selects the long form: faults of realistic length, on every available version.
enum FaultForm {
    private static let wanted = ProcessInfo.processInfo.environment["HUB_FAULT_EVENTS"].flatMap { Int($0) }
    static let isLong = wanted != nil
    /// The minimum number of events of a fault.
    static let eventsMin = wanted ?? 400
    /// Events of a registration: registered, points, notification, mail.
    static let registrationsMin = (eventsMin + 3) / 4
    /// The number of new learners for each fault.
    static let learnersARound = isLong ? 20 : 2
    /// The number of concurrent clients.
    static let lineCount = isLong ? 12 : 4

    /// The pause of a client between two people. In the short form other tests run at the same time: registrations at full speed would only
    /// slow down the restarts that they wait for.
    static let pause: Duration = isLong ? .zero : .milliseconds(300)

    static let kafkaVersions = isLong ? TestKafka.versions : TestKafka.versions.suffix(1)
    static let logs: [HubLogKind] = [.postgres] + kafkaVersions.map { .kafka($0) }

    static func choose<Value>(long: Value, short: Value) -> Value { isLong ? long : short }
}
