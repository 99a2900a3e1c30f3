internal import HubTesting
public import Testing

/// The event log of a hub under test.
public enum HubLogKind: Sendable, CustomTestStringConvertible {
    case postgres
    /// A real cluster of a version.
    case kafka(String)

    public static let all: [HubLogKind] = [.postgres] + TestKafka.versions.map { .kafka($0) }

    /// The settings that select it.
    public func environment() async throws -> [String: String] {
        switch self {
        case .postgres: [:]
        case .kafka(let version): ["KAFKA_BOOTSTRAP_SERVERS": try await TestKafka.shared(version).bootstrapServers]
        }
    }

    public var testDescription: String {
        switch self {
        case .postgres: "PostgreSQL"
        case .kafka(let version): "Kafka \(version)"
        }
    }
}
