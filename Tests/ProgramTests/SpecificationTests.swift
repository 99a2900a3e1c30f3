import Contracts
import Foundation
import HubTesting
import Messaging
import Testing

@testable import Platform
@testable import learning_hub

/// Compares the requirement's lists of topics, producers and consumers, stored here as data, with the services of the program.
@Suite struct SpecificationTests {
    /// The 21 topics by the service that produces them: the diagram, and the producer-consumer mapping.
    private static let producers: [ServiceName: [String]] = [
        .user: ["user.registered", "user.updated", "user.deleted"],
        .course: ["course.created", "course.updated", "course.published"],
        .enrollment: ["enrollment.created", "enrollment.completed", "progress.updated"],
        .payment: ["payment.initiated", "payment.completed", "payment.failed", "subscription.created"],
        .media: ["media.uploaded", "media.processed"],
        .assessment: ["quiz.submitted", "assignment.graded"],
        .notification: ["notification.email", "notification.push"],
        .gamification: ["badge.earned", "points.awarded"],
    ]

    /// Who consumes what: the union of the diagram, the mapping and the notification service's list. What the mapping calls future (search,
    /// recommendations, analytics, transcoding) is no service of the thirteen; "all services" of `user.deleted` are those that keep
    /// something of a person.
    private static let consumers: [String: Set<ServiceName>] = [
        "user.registered": [.notification, .gamification],
        "user.updated": [.notification],
        "user.deleted": [
            .notification, .auth, .course, .enrollment, .payment, .media, .content, .assessment, .review, .certificate,
            .gamification,
        ],
        "course.created": [.notification],
        "course.updated": [.content],
        "course.published": [.notification],
        "enrollment.created": [.notification, .content, .gamification],
        "enrollment.completed": [.certificate, .notification, .gamification],
        "progress.updated": [.gamification],
        "payment.completed": [.enrollment, .notification],
        "payment.failed": [.notification],
        "subscription.created": [.notification, .user],
        "media.uploaded": [.content],
        "media.processed": [.content],
        "quiz.submitted": [.gamification, .notification],
        "assignment.graded": [.notification, .gamification],
        "badge.earned": [.notification],
        "points.awarded": [.notification],
    ]

    @Test func `every topic is produced by the service the specification names`() {
        #expect(Self.producers.values.joined().count == 21)
        for type in HubServices.all {
            let published = Set(type.publishes.map { $0.topic.name })
            let missing = Set(Self.producers[type.name] ?? []).subtracting(published)
            #expect(missing.sorted() == [], "\(type.name) does not publish them")
        }
    }

    @Test func `every consumer in the specification has a handler`() async throws {
        let wiring = try await Wiring.ofTheProgram()
        let standing = Set(HubServices.all.map { $0.name })
        for (topic, services) in Self.consumers {
            let handled = Set(wiring.handlers[topic]?.map(\.service) ?? [])
            #expect(
                services.intersection(standing).subtracting(handled).sorted() == [],
                "\(topic) has no handler there")
        }
    }

    @Test func `the map of producers and consumers in the documentation is that of the program`() async throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/events.md")
        let map = try await Wiring.ofTheProgram().markdown
        if ProcessInfo.processInfo.environment["HUB_WRITE_DOCS"] != nil {
            try map.write(to: file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(written == map, "regenerate it: HUB_WRITE_DOCS=1 make test FILTER=ProgramTests")
    }
}

/// Which handlers the services of the program have, by topic.
private struct Wiring {
    struct Reaction: Comparable {
        let group: String
        let service: ServiceName
        let handler: String
        static func < (left: Reaction, right: Reaction) -> Bool {
            (left.group, left.handler) < (right.group, right.handler)
        }
    }
    var handlers: [String: [Reaction]] = [:]

    static func ofTheProgram() async throws -> Wiring {
        try await TestDatabase.with { test in
            let parts = try await HubParts.open(
                Settings(commandLine: [
                    PlatformSettings.databaseURL.name: test.url,
                    PlatformSettings.identitySecret.name: "a secret of this test alone",
                ]), sink: LogRecorder())
            var wiring = Wiring()
            for type in HubServices.all { try await wiring.add(type, parts) }
            await parts.close()
            return wiring
        }
    }

    private mutating func add<Service: HubService>(_ type: Service.Type, _ parts: HubParts) async throws {
        let wired = try await parts.wire(type)
        for worker in wired.service.groups {
            for handler in worker.handlers {
                handlers[handler.topic.name, default: []].append(
                    Reaction(group: worker.group.rawValue, service: type.name, handler: handler.name))
            }
        }
        await wired.close()
    }

    var markdown: String {
        var lines = [
            "# Events: producers and consumers", "",
            "Generated from the services of the program by `HUB_WRITE_DOCS=1 make test FILTER=ProgramTests`.",
            "", "| topic | key | partitions | days | produced by | consumed by | handlers |",
            "|---|---|---|---|---|---|---|",
        ]
        for type in EventCatalogue.all.sorted(by: { $0.topic.name < $1.topic.name }) {
            let topic = type.topic
            let reactions = (handlers[topic.name] ?? []).sorted()
            let groups = reactions.map(\.group).reduce(into: [String]()) { if $0.last != $1 { $0.append($1) } }
            lines.append(
                """
                | `\(topic.name)` | \(type.keyField) | \(topic.partitions) | \(topic.retentionDays) | \(topic.producer) | \
                \(groups.joined(separator: ", ")) | \(reactions.map { "`\($0.handler)`" }.joined(separator: ", ")) |
                """)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
