import Contracts
@testable import Enrollment
import HTTP
import HubTesting
import Platform
import ServiceTesting
import Testing

/// The views of learners, instructors and other services, and the end of enrolments.
@Suite struct RoutesTests {
    @Test func `a learner sees their own enrolments page by page, the newest first`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new
            var enrollments: [String] = []
            for _ in 0..<3 { enrollments.append(try await hub.enroll(ada, in: campus.addCourse("ARTICLE")).rawValue) }
            _ = try await hub.enroll(.new, in: campus.addCourse("ARTICLE"))
            // A place that is not paid for is not shown.
            _ = try await hub.reserve(ada, in: campus.addCourse("ARTICLE"), .new)
            let first = try await hub.send(.get, "/enrollments?limit=2", as: .learner(ada))
            let next = try #require(first["nextCursor"])
            let second = try await hub.send(.get, "/enrollments?limit=2&cursor=\(next)", as: .learner(ada))
            let ids = (first.items + second.items).compactMap { $0["id"] as? String }
            #expect(ids == enrollments.reversed())
            #expect(first.items.first?["status"] as? String == "ACTIVE" && first.items.first?["enrolledAt"] != nil)
            #expect(try await hub.send(.get, "/enrollments", as: .anonymous).status == 401)
        }
    }

    @Test func `an enrolment shows the state of each lesson`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE", "VIDEO", "QUIZ", "FILE")
            let enrollment = try await hub.enroll(ada, in: course)
            _ = try await hub.progress(enrollment, try campus.lesson(0, of: course), as: ada)
            _ = try await hub.progress(enrollment, try campus.lesson(1, of: course), 50, as: ada)
            try await hub.deliver(
                QuizSubmitted.of(try campus.lesson(2, of: course), in: course, by: ada, percent: 70))
            let answer = try await hub.send(.get, "/enrollments/\(enrollment)", as: .learner(ada))
            let lessons = answer.object["lessons"] as? [[String: Any]] ?? []
            #expect(lessons.compactMap { $0["state"] as? String } == ["COMPLETED", "STARTED", "COMPLETED", "OPEN"])
            #expect(lessons.map { $0["score"] as? Double } == [nil, nil, 70, nil])
            #expect(answer.object["percent"] as? Double == 62.5 && answer.object["totalLessons"] as? Int == 4)
            for (identity, status) in [(Identity.learner(.new), 404), (.anonymous, 401), (.administrator, 404)] {
                #expect(try await hub.send(.get, "/enrollments/\(enrollment)", as: identity).status == status)
            }
        }
    }

    @Test func `an unpaid reservation is not an enrolment`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE")
            let place = try #require(try await hub.reserve(ada, in: course, .new)["enrollmentId"])
            #expect(try await hub.send(.get, "/enrollments/\(place)", as: .learner(ada)).status == 404)
            #expect(try await hub.send(.post, "/enrollments/\(place)/withdraw", as: .learner(ada)).status == 404)
            let of = "/internal/enrollments/of/\(ada)/in/\(course)"
            #expect(try await hub.send(.get, of, as: .service(.content)).status == 404)
        }
    }

    @Test func `a withdrawal ends the enrolment and notifies the content service`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE")
            let enrollment = try await hub.enroll(ada, in: course)
            for _ in 0..<2 {
                let answer = try await hub.send(.post, "/enrollments/\(enrollment)/withdraw", as: .learner(ada))
                #expect(answer.status == 200 && answer["status"] == "WITHDRAWN")
            }
            try await hub.runTasks()
            #expect(campus.revoked == ["\(enrollment) REVOKED \(ada) \(course)"])
            let progress = try await hub.progress(enrollment, try campus.lesson(0, of: course), as: ada)
            #expect(progress.status == 409 && progress.code == "not-active")
            // Another enrolment is another one.
            #expect(try await hub.enroll(ada, in: course) != enrollment)
        }
    }

    @Test func `a completed enrolment, and one of another person, cannot be withdrawn`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE")
            let enrollment = try await hub.enroll(ada, in: course), target = "/enrollments/\(enrollment)/withdraw"
            #expect(try await hub.send(.post, target, as: .learner(.new)).status == 404)
            #expect(try await hub.send(.post, target, as: .anonymous).status == 401)
            _ = try await hub.progress(enrollment, try campus.lesson(0, of: course), as: ada)
            let answer = try await hub.send(.post, target, as: .learner(ada))
            #expect(answer.status == 409 && answer.code == "not-active")
            try await hub.runTasks()
            #expect(campus.revoked.isEmpty)
        }
    }

    @Test func `the roster is for the course's instructor and administrators`() async throws {
        try await Campus.with { hub, campus in
            let teacher = UserID.new, ada = UserID.new, course = campus.addCourse("ARTICLE", by: teacher)
            _ = try await hub.enroll(ada, in: course)
            _ = try await hub.enroll(.new, in: course)
            for identity in [.instructor(teacher), .administrator] as [Identity] {
                let answer = try await hub.send(.get, "/courses/\(course)/enrollments?limit=1", as: identity)
                #expect(answer.items.count == 1 && answer["nextCursor"] != nil)
                let next = try await hub.send(
                    .get, "/courses/\(course)/enrollments?cursor=\(answer["nextCursor"] ?? "")", as: identity)
                #expect(next.items.compactMap { $0["userId"] as? String } == [ada.rawValue])
            }
            for (identity, status) in [
                (Identity.instructor(.new), 404), (.learner(ada), 403), (.anonymous, 401), (.service(.content), 403),
            ] {
                #expect(try await hub.send(.get, "/courses/\(course)/enrollments", as: identity).status == status)
            }
            let unknown = try await hub.send(.get, "/courses/\(CourseID.new)/enrollments", as: .administrator)
            #expect(unknown.status == 404)
        }
    }

    @Test func `other services can read the open enrolment`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE", "ARTICLE")
            let target = "/internal/enrollments/of/\(ada)/in/\(course)"
            #expect(try await hub.send(.get, target, as: .service(.review)).status == 404)
            let enrollment = try await hub.enroll(ada, in: course)
            _ = try await hub.progress(enrollment, try campus.lesson(0, of: course), as: ada)
            let answer = try await hub.send(.get, target, as: .service(.review))
            #expect(answer["enrollmentId"] == enrollment.rawValue && answer["status"] == "ACTIVE")
            #expect(answer.object["percent"] as? Double == 50)
            _ = try await hub.progress(enrollment, try campus.lesson(1, of: course), as: ada)
            #expect(try await hub.send(.get, target, as: .service(.review))["status"] == "COMPLETED")
            for identity in [.service(.payment), .learner(ada)] as [Identity] {
                #expect(try await hub.send(.get, target, as: identity).status == 403)
            }
        }
    }
}

/// Erasure leaves no data, and no later event restores them.
@Suite struct ErasureTests {
    @Test func `no data of an erased learner remain, also after repeated events`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, eve = UserID.new, course = campus.addCourse("ARTICLE", "QUIZ")
            for user in [ada, eve] {
                let enrollment = try await hub.enroll(user, in: course)
                _ = try await hub.progress(enrollment, try campus.lesson(0, of: course), as: user)
                try await hub.deliver(
                    QuizSubmitted.of(try campus.lesson(1, of: course), in: course, by: user, percent: 50))
            }
            let erasure = UserDeleted(userID: ada, deletedAt: campus.clock.now), id = EventID.new
            try await hub.deliver(erasure, id: id)
            try await hub.deliver(erasure, id: id)
            try await hub.deliver(together: [erasure, erasure])
            for table in ["enrollment", "lesson_progress", "lesson_grade"] {
                #expect(try await hub.rowCount(table) == 1, "\(table)")
            }
            // The task of the erased learner has no effect.
            try await hub.runTasks()
            #expect(try await hub.published(EnrollmentCompleted.self).map(\.data.userID) == [eve])
        }
    }

    @Test func `late events for an erased learner have no effect`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("QUIZ"), lesson = try campus.lesson(0, of: course)
            try await hub.deliver(UserDeleted(userID: ada, deletedAt: campus.clock.now))
            try await hub.deliver(try PaymentCompleted.of(.new, by: ada, for: course))
            try await hub.deliver(QuizSubmitted.of(lesson, in: course, by: ada, percent: 50))
            #expect(try await hub.reserve(ada, in: course, .new).status == 404)
            for table in ["enrollment", "lesson_grade", "outbox"] {
                #expect(try await hub.rowCount(table) == 0, "\(table)")
            }
        }
    }

    @Test func `an erasure during a payment leaves nothing`() async throws {
        try await Campus.with { hub, campus in
            let course = campus.addCourse("ARTICLE")
            for _ in 0..<15 {
                let ada = UserID.new, payment = try PaymentCompleted.of(.new, by: ada, for: course)
                async let paid = hub.deliver(payment)
                async let erased = hub.deliver(UserDeleted(userID: ada, deletedAt: campus.clock.now))
                _ = try await (paid, erased)
            }
            #expect(try await hub.rowCount("enrollment") == 0)
        }
    }
}
