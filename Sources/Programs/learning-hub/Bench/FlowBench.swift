internal import Avro
internal import HTTP

/// Flows under a steady load: from the response to a request until its last effect is visible.
enum FlowBench {
    private static let runs = 3
    private static let durationSeconds = 3
    private static let warmUpSeconds = 10

    static let rows =
        rows("flow.registration") { try await registration($0.environment(), perSecond: 500) }
        + rows("flow.registration-kafka") { try await registration($0.environmentOnKafka(), perSecond: 200) }
        + rows("flow.payment", payment) + rows("flow.certificate", certificate)

    /// - Parameter measure: milliseconds of each, of each run.
    private static func rows(
        _ name: String, _ measure: @escaping @Sendable (BenchHub) async throws -> [[Double]]
    ) -> [BenchRow] {
        [50.0, 99].map { percent in
            BenchRow(name: "\(name)-p\(Int(percent))", unit: .milliseconds) { hub in
                Measurement(try await hub.once(name) { try await measure(hub) }.map { $0.percentile(percent) })
            }
        }
    }

    /// From the 2xx of a registration until its ledger row is visible.
    private static func registration(_ environment: [String: String], perSecond: Int) async throws -> [[Double]] {
        try await BenchWorld.open(environment) { world in
            try await world.announce("gamification.points_award", "new.user_id")
            var results: [[Double]] = []
            // The first run warms up, also the brokers' Java code.
            for run in 0...runs {
                let count = perSecond * (run == 0 ? warmUpSeconds : durationSeconds)
                let milliseconds = try await world.intervals(count, perSecond: perSecond) { index, intervals in
                    let answer = try await world.client.call(
                        .post, "/auth/register",
                        json: .texts([
                            "email": "run\(run).\(index)@example.org", "password": "correct horse battery",
                            "firstName": "Ada", "lastName": "Lovelace",
                        ])
                    ).expect(201)
                    intervals.begin(try answer.text("id"))
                }
                if run > 0 { results.append(milliseconds) }
            }
            return results
        }
    }

    private static let ordersPerSecond = 50
    private static let orderCount = 150
    private static let learnerCount = 50

    /// From the 202 of a paid order until the learner may read the course: charge, capture, enrolment, access.
    private static func payment(_ hub: BenchHub) async throws -> [[Double]] {
        try await BenchWorld.open(try await hub.environment()) { world in
            let learners = try await world.makeLearners(learnerCount)
            let courses = try await world.makeCourses(
                (runs + 1) * orderCount / learnerCount, by: try await world.makeAuthor(), price: "10.00")
            try await world.announce("content.access", "new.user_id || new.course_id")
            var results: [[Double]] = []
            for run in 0...runs {
                let milliseconds = try await world.intervals(orderCount, perSecond: ordersPerSecond) {
                    index, intervals in
                    let place = run * orderCount + index
                    let learner = learners[place % learnerCount], course = courses[place / learnerCount]
                    _ = try await world.order(course, by: learner, card: "pm_card_visa").expect(202)
                    intervals.begin(learner.id + course.id)
                }
                if run > 0 { results.append(milliseconds) }
            }
            return results
        }
    }

    /// From the 200 of the progress that completes a course until the row of its certificate is visible; it is drawn after that.
    private static func certificate(_ hub: BenchHub) async throws -> [[Double]] {
        try await BenchWorld.open(try await hub.environment()) { world in
            let learners = try await world.makeLearners(learnerCount)
            let courses = try await world.makeCourses(
                (runs + 1) * orderCount / learnerCount, by: try await world.makeAuthor())
            let enrollments = try await world.enrolAll(learners, in: courses)
            try await world.announce("certificate.certificate", "new.enrollment_id")
            var results: [[Double]] = []
            for run in 0...runs {
                let milliseconds = try await world.intervals(orderCount, perSecond: ordersPerSecond) {
                    index, intervals in
                    let enrollment = enrollments[run * orderCount + index]
                    _ = try await world.client.call(
                        .put, "/progress",
                        json: .object([
                            .init("enrollmentId", .string(enrollment.id)),
                            .init("lessonId", .string(enrollment.lesson)),
                            .init("percent", .number("100")),
                        ]), token: enrollment.learner.token
                    ).expect(200)
                    intervals.begin(enrollment.id)
                }
                if run > 0 { results.append(milliseconds) }
            }
            return results
        }
    }
}
