import Contracts
import HubTesting
import Messaging
import Observability
import Testing

@testable import Platform
@testable import learning_hub

/// Compares the events of the services with the topic catalogue, in both directions.
///
/// The catalogue is complete, the services need not be. Planned consumers and producers are listed here: remove them from
/// the list when they are built. The tests fail if a handler, a row of the catalogue or an entry of the list is missing.
@Suite struct EventWiringTests {
    /// Topics that a group does not read yet, by the service that must be built first.
    private static let readLater: [ServiceName: [ConsumerGroup: Set<Topic>]] = [:]

    /// Events that a built service does not publish yet.
    private static let publishedLater: [ServiceName: Set<Topic>] = [:]

    private static let standing = Set(HubServices.all.map { $0.name })

    @Test func `each group has handlers for what the catalogue says it reads, and for nothing else`() async throws {
        let wired = try await TestDatabase.with { test in
            try await Self.topicsRead(
                Settings(commandLine: [
                    PlatformSettings.databaseURL.name: test.url,
                    PlatformSettings.identitySecret.name: "a secret of this test alone",
                ]))
        }
        var expected: [ConsumerGroup: Set<Topic>] = [:]
        for group in TopicCatalogue.groups where Self.standing.contains(group.service) {
            let later = Self.readLater.values.reduce(into: Set<Topic>()) { $0.formUnion($1[group] ?? []) }
            let now = Set(TopicCatalogue.topics(readBy: group)).subtracting(later)
            if !now.isEmpty { expected[group] = now }
        }
        #expect(Set(wired.keys) == Set(expected.keys))
        for (group, topics) in expected {
            let read = wired[group] ?? []
            #expect(topics.subtracting(read).map(\.name).sorted() == [], "\(group) has no handler for them")
            #expect(read.subtracting(topics).map(\.name).sorted() == [], "\(group) has a handler, but should not")
        }
    }

    @Test func `each service publishes what the catalogue says it produces, and nothing else`() {
        for type in HubServices.all {
            let published = Set(type.publishes.map { $0.topic }).map(\.name).sorted()
            let later = Self.publishedLater[type.name] ?? []
            let produced = Set(TopicCatalogue.topics(writtenBy: type.name)).subtracting(later).map(\.name).sorted()
            #expect(published == produced, "`publishes` of the \(type.name) service and the catalogue differ")
        }
    }

    @Test func `planned consumers are in the catalogue and not yet built`() {
        for (service, groups) in Self.readLater {
            // A built service can only be waited for because of its own planned events.
            let later = Self.publishedLater[service] ?? []
            for (group, topics) in groups {
                #expect(topics.isSubset(of: TopicCatalogue.topics(readBy: group)), "\(group)")
                #expect(topics.allSatisfy { $0.producer == service }, "\(group) waits for \(service)")
                #expect(!Self.standing.contains(service) || topics.isSubset(of: later), "\(service) stands")
            }
        }
        for (service, topics) in Self.publishedLater {
            #expect(topics.isSubset(of: TopicCatalogue.topics(writtenBy: service)), "\(service)")
        }
    }

    private static func topicsRead(_ settings: Settings) async throws -> [ConsumerGroup: Set<Topic>] {
        let parts = try await HubParts.open(settings, sink: LogRecorder())
        var read: [ConsumerGroup: Set<Topic>] = [:]
        for type in HubServices.all { read.merge(try await topicsRead(by: type, parts)) { $0.union($1) } }
        await parts.close()
        return read
    }

    private static func topicsRead<Service: HubService>(
        by type: Service.Type, _ parts: HubParts
    ) async throws -> [ConsumerGroup: Set<Topic>] {
        let wired = try await parts.wire(type)
        let groups = wired.service.groups.map { ($0.group, Set($0.handlers.map(\.topic))) }
        await wired.close()
        return Dictionary(groups) { $0.union($1) }
    }
}
