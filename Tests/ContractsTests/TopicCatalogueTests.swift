import Contracts
import Testing

@Suite struct TopicCatalogueTests {
    /// The requirement's Topic Configuration: partitions, and days of retention. There may be topics beside these.
    private static let specified = [
        "user.registered 3 7", "user.updated 3 7", "user.deleted 3 30", "course.created 3 30",
        "course.updated 3 7",
        "course.published 3 30", "enrollment.created 5 30", "enrollment.completed 3 90", "progress.updated 5 7",
        "payment.initiated 3 90", "payment.completed 5 365", "payment.failed 3 90",
        "subscription.created 3 365",
        "media.uploaded 3 30", "media.processed 3 30", "quiz.submitted 3 90", "assignment.graded 3 90",
        "notification.email 5 7", "notification.push 3 7", "badge.earned 3 365", "points.awarded 3 90",
    ]

    @Test func `each topic has its event, and a service that writes it`() {
        #expect(Set(TopicCatalogue.all.map(\.name)) == Set(EventCatalogue.all.map { $0.topic.name }))
        #expect(ServiceName.all.count == 13)
        for topic in TopicCatalogue.all {
            #expect(EventCatalogue.event(for: topic)?.topic == topic)
            #expect(ServiceName.all.contains(topic.producer))
            #expect(topic.consumers.allSatisfy { ServiceName.all.contains($0.service) })
            #expect(Set(topic.consumers).count == topic.consumers.count)
        }
    }

    @Test func `partitions and retention are those of the specification`() {
        let found = TopicCatalogue.all.map { "\($0.name) \($0.partitions) \($0.retentionDays)" }
        #expect(Self.specified.count == 21)
        #expect(Self.specified.filter { !found.contains($0) } == [])
    }

    /// As the specification keys them: by the person, and these by their own subject.
    @Test func `the key is the subject of the event`() {
        let keys = Dictionary(uniqueKeysWithValues: EventCatalogue.all.map { ($0.topic.name, $0.keyField) })
        let expected = [
            "user": "userId", "course": "courseId", "enrollment": "enrollmentId", "progress": "enrollmentId",
            "payment": "paymentId", "subscription": "subscriptionId", "media": "mediaId",
        ]
        for line in Self.specified {
            let topic = String(line.prefix { $0 != " " })
            #expect(keys[topic] == expected[String(topic.prefix { $0 != "." })] ?? "userId", "\(topic)")
        }
    }

    @Test func `each group has one dead-letter topic`() {
        #expect(TopicCatalogue.deadLetters.map(\.name) == TopicCatalogue.groups.map { "\($0).dlq" })
        let topic = TopicCatalogue.deadLetter(for: .emailSender)
        #expect(topic.name == "notification.email-sender.dlq")
        #expect((topic.partitions, topic.retentionDays, topic.producer) == (3, 30, .notification))
        #expect(TopicCatalogue.topic(named: topic.name) == topic)
        #expect(TopicCatalogue.topics(readBy: .pushSender) == [.notificationPush])
        #expect(TopicCatalogue.topics(writtenBy: .gamification) == [.badgeEarned, .pointsAwarded])
        #expect(Topic.userRegistered.valueSubject == "user.registered-value")
    }
}
