import Foundation
import HTTP
import HubTesting
import Postgres
import Synchronization
import SystemTesting
import Testing

/// A hub with each service in its own process, in which learners buy and complete a course. It goes through the faults one after
/// the other: during each, some learners buy, and the learners of the previous fault complete the course. Then all effects are compared.
final class SchoolUnderFault: Sendable {
    private static let author = "author@example.org"
    private static let services = [
        "gateway", "user", "auth", "course", "enrollment", "payment", "media", "notification", "content", "assessment",
        "review", "certificate", "gamification", "sandbox",
    ]
    private static let settleMax = FaultForm.choose(long: Duration.seconds(900), short: .seconds(180))

    /// The learners of a fault, and the requests made meanwhile.
    private struct Row: Sendable {
        let name: String
        let learners: [Learner]
        var requests = 0, failures = 0
    }

    /// The learners during a fault.
    struct Class: Sendable {
        let buyers, finishers: [Learner]

        /// Starts them.
        func begin() {
            for learner in buyers { learner.mayBuy.open() }
            for learner in finishers { learner.mayFinish.open() }
        }

        var isDone: Bool { buyers.allSatisfy(\.hasEnrolled) && finishers.allSatisfy(\.hasFinished) }

        func finish() async throws {
            try await eventually(within: .seconds(180), "the learners have done what they wanted") { isDone }
        }
    }

    let hub: HubUnderTest
    let books: Books
    let authorToken: String
    private let course: TestCourse
    private let client: PersistentClient
    private let stripe: HubClient
    private let newcomers: AsyncStream<Learner>.Continuation
    private let rows = Mutex<[Row]>([])

    private init(_ hub: HubUnderTest, _ books: Books, _ newcomers: AsyncStream<Learner>.Continuation) async throws {
        self.hub = hub
        self.books = books
        self.newcomers = newcomers
        let made = try await hub.command(
            ["admin", "create", "--email", Self.author], input: HubClient.password)
        try #require(made.code == 0, "\(made.errors)")
        authorToken = try await hub.client.logIn(Self.author)
        course = try await hub.client.publishCourse("Faults", token: authorToken)
        client = PersistentClient(hub.client)
        stripe = HubClient(address: try hub.address(of: "sandbox"))
    }

    /// Causes faults and compares the effects.
    /// - Parameter settings: in addition to the defaults.
    static func endures(
        on kind: HubLogKind, _ settings: [String: String], _ faults: (SchoolUnderFault) async throws -> Void
    ) async throws {
        // Many processes share a few cores.
        let few = ["HUB_LOOPS": "1"]
        let (hub, books) = try await HubUnderTest.underFault(services, on: kind, settings.merging(few) { $1 })
        let (admitted, newcomers) = AsyncStream.makeStream(of: Learner.self)
        let school = try await SchoolUnderFault(hub, books, newcomers)
        async let learning: Void = school.teach(admitted)
        try await faults(school)
        try await school.round("no fault") { learners in learners.begin() }
        for learner in school.learners { learner.mayFinish.open() }
        newcomers.finish()
        try await learning
        try await school.reckon(kind)
        await school.stripe.close()
        try await hub.stop(books)
    }

    var learners: [Learner] { rows.withLock { $0.flatMap(\.learners) } }

    private func teach(_ admitted: AsyncStream<Learner>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for await learner in admitted { group.addTask { try await learner.learn(self.course) } }
            try await group.waitForAll()
        }
    }

    /// Causes a fault.
    /// - Parameters:
    ///   - tabCount: the number of concurrent orders of each learner.
    ///   - waits: whether the next fault begins only after all learners have finished.
    ///   - fault: can start the learners; otherwise they start after it.
    func round(
        _ name: String, tabCount: Int = 1, waits: Bool = true, _ fault: (Class) async throws -> Void
    ) async throws {
        let first = learners.count
        var buyers: [Learner] = []
        for number in first..<first + FaultForm.learnersARound {
            buyers.append(try await Learner(number, tabCount: tabCount, client))
        }
        let learners = Class(buyers: buyers, finishers: rows.withLock { $0.last?.learners ?? [] })
        var row = Row(name: name, learners: buyers)
        rows.withLock { $0.append(row) }
        for learner in buyers { newcomers.yield(learner) }
        let before = client.tally
        try await fault(learners)
        learners.begin()
        if waits { try await learners.finish() }
        row.requests = client.tally.requests - before.requests
        row.failures = client.tally.failures - before.failures
        rows.withLock { [row] rows in rows[rows.count - 1] = row }
    }

    // MARK: Faults

    /// Sets the misbehaviour of the imitation of Stripe.
    func stripe(_ behaviour: StripeBehaviour) async throws {
        let answer = try await stripe.send(.post, "/sandbox/behaviour", json: behaviour)
        try #require(answer.status == 204, "\(answer.text)")
    }

    /// Sends the webhooks it held back, last one first.
    func releaseWebhooks(copies: Int) async throws {
        #expect(try await stripe.send(.post, "/sandbox/release?copies=\(copies)").status == 200)
    }

    /// Stops a service until a learner or a task waits for it.
    /// - Parameter waiting: a query that then finds a row; nil if requests fail.
    func down(_ service: String, until waiting: SQL? = nil) async throws {
        try await round("\(service) down") { learners in
            try await hub.kill(service)
            let before = client.tally.failures
            learners.begin()
            try await eventually(within: .seconds(60), "somebody waits for \(service)") {
                if let waiting { return try await !books.database.query(waiting).isEmpty }
                return client.tally.failures > before
            }
            try await hub.startAgain(service)
        }
    }

    // MARK: Reckoning

    private func reckon(_ kind: HubLogKind) async throws {
        try await books.settle(within: Self.settleMax, in: hub)
        var reckoning = try await Reckoning(books)
        try await reckoning.check(learners, in: course.id, books)
        #expect(reckoning.discrepancies == [])
        #expect(try await books.failedTasks() == [])
        #expect(reckoning.deadLetters == 0)
        print(
            """
            | fault | log | learners | requests | not 2xx | payments | charges | enrolments | certificates | ledger rows |
            |---|---|---|---|---|---|---|---|---|---|
            """)
        for row in rows.withLock({ $0 }) { try await show(row.name, kind, row.learners, row.requests, row.failures) }
        try await show("total", kind, learners, client.tally.requests, client.tally.failures)
        let counts = "\(reckoning.written) events, \(reckoning.records) records, \(reckoning.handled) handled"
        print("\(kind.testDescription): \(counts), \(reckoning.deadLetters) dead letters")
    }

    private func show(
        _ name: String, _ kind: HubLogKind, _ learners: [Learner], _ requests: Int, _ failures: Int
    ) async throws {
        let ids = learners.map(\.id)
        let payments = try await books.texts(
            "select id from payment.payment where user_id = any(\(ids)) and status = 'COMPLETED'")
        var counts = [learners.count, requests, failures, payments.count]
        for query: SQL in [
            """
            select count(*) from sandbox.object where kind = 'payment_intent' and body ->> 'status' = 'succeeded'
                and body -> 'metadata' ->> 'paymentId' = any(\(payments))
            """,
            "select count(*) from enrollment.enrollment where user_id = any(\(ids)) and state = 'COMPLETED'",
            "select count(*) from certificate.certificate where user_id = any(\(ids)) and issued_at is not null",
            "select count(*) from gamification.points_award where user_id = any(\(ids))",
        ] { counts.append(try await books.count(query)) }
        print("| \(name) | \(kind.testDescription) | \(counts.map(String.init).joined(separator: " | ")) |")
    }
}

/// The behaviour requested from the sandbox; see its README.
struct StripeBehaviour: Encodable {
    var lostAnswers = 0
    var failures = 0
    var failureStatus = 500
    var answerDelayMs = 0
    var webhookCopies = 1
    var webhooksFirst = false
    var holdsWebhooks = false
}
