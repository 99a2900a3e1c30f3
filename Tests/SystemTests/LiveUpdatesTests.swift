import HTTP
import HubTesting
import SystemTesting
import Testing

/// `GET /events` on real processes: a person gets their own events at once, and no others.
@Suite(.serialized) struct LiveUpdatesTests {
    private struct Readiness: Decodable {
        let checks: [String: String]
    }
    private struct Notice: Decodable {
        let id: String
    }

    @Test(arguments: HubLogKind.all)
    func `payment, enrolment and notification reach only the stream of their person`(log: HubLogKind) async throws {
        // A stop that waited for streams would not end in time.
        let school = try await School.open(try await log.environment().merging(["HUB_DRAIN_TIME": "300s"]) { $1 })
        let client = school.client
        let course = try await client.draftCourse("Primes", price: "20", token: school.teacher)
        try await client.publish(course.id, token: school.teacher)
        let operators = HubClient(address: try school.hub.privateAddressOfGateway())
        try await eventually(within: .seconds(60), "the gateway follows the log") {
            try await operators.get("/health/ready").json(Readiness.self).checks["live updates"] == "ok"
        }
        await operators.close()
        let mine = try await EventStream(school.hub, token: school.learner)
        let other = try await EventStream(school.hub, token: school.teacher)
        let ordered = try await client.send(
            .post, "/enrollments", token: school.learner,
            json: ["courseId": course.id, "paymentMethod": "pm_card_visa"], fields: ["idempotency-key": "e1"])
        try #require(ordered.status == 202, "\(ordered.text)")
        let payment = try ordered.json(HubClient.Ordered.self).paymentId

        func ids(_ kind: String) -> [String?] { mine.events.filter { $0.kind == kind }.map(\.id) }
        try await eventually(within: .seconds(60), "payment and enrolment are told of") {
            ids("payment.completed").contains(payment) && !ids("enrollment.created").isEmpty
        }
        let enrollment = try #require(ids("enrollment.created").first ?? nil)
        // The resource of a message can be read.
        #expect(try await client.get("/enrollments/\(enrollment)", token: school.learner).status == 200)
        try await eventually(within: .seconds(60), "the payment knows its enrolment") {
            let paid = try await client.get("/payments/\(payment)", token: school.learner).json(HubClient.Payment.self)
            return paid.enrollmentId == enrollment
        }
        // Receipt, confirmation, and notifications of gamification.
        try await eventually(within: .seconds(60), "the notices are told of") { ids("notification").count >= 2 }
        let list = try await client.get("/notifications", token: school.learner).json(HubClient.List<Notice>.self)
        #expect(Set(ids("notification")).isSubset(of: Set(list.items.map(\.id))))

        let others = Set(mine.events.compactMap(\.id))
        #expect(others.count >= 4 && others.isDisjoint(with: Set(other.events.compactMap(\.id))))
        #expect(other.events.allSatisfy { $0.kind == "ready" || $0.kind == "resync" || $0.kind == "notification" })
        #expect(try await school.hub.stop() == [0])
        try await mine.end()
        try await other.end()
    }

    /// Each of these streams would go on for an hour otherwise.
    @Test
    func `a stream ends when its session is signed out, alone or with all others, and when the account is deleted`()
        async throws
    {
        let hub = try await HubUnderTest.inOneProcess(["HUB_ACCESS_TOKEN_LIFETIME": "1h"])
        _ = try await hub.client.register("ada@example.org")
        var sessions: [(tokens: HubClient.Tokens, stream: EventStream)] = []
        for _ in 1...4 {
            let answer = try await hub.client.send(
                .post, "/auth/login", json: ["email": "ada@example.org", "password": HubClient.password])
            let tokens = try answer.json(HubClient.Tokens.self)
            sessions.append((tokens, try await EventStream(hub, token: tokens.accessToken)))
        }
        let out = try await hub.client.send(
            .post, "/auth/logout", json: ["refreshToken": sessions[0].tokens.refreshToken])
        #expect(out.status == 204)
        try await sessions[0].stream.end()
        await #expect(throws: NoStream.self) { try await EventStream(hub, token: sessions[0].tokens.accessToken) }
        #expect(sessions[1...].allSatisfy { !$0.stream.hasEnded })

        let everywhere = try await hub.client.send(.post, "/auth/logout-all", token: sessions[1].tokens.accessToken)
        #expect(everywhere.status == 204)
        for session in sessions[1...] { try await session.stream.end() }

        let last = try await EventStream(hub, token: try await hub.client.logIn("ada@example.org"))
        #expect(try await hub.client.send(.delete, "/users/me", token: sessions[1].tokens.accessToken).status == 202)
        try await last.end()
        #expect(try await hub.stop() == [0])
    }

}
