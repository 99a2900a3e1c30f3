@testable import Assessment
import Contracts
import HTTP
import HubTesting
import Platform
import Postgres
import ServiceTesting
import Testing

@Suite struct GradingTests {
    @Test func `a submitted text is graded, and the grade is published`() async throws {
        try await School.with { hub, school in
            let assignment = try await hub.addAssignment(school, lesson: school.assignmentLesson)
            let submission = try await hub.handIn("My essay", to: assignment, as: school.ada)
            #expect(try await hub.published(AssignmentGraded.self).isEmpty)
            let answer = try await hub.grade(submission, 15, as: .instructor(school.teacher), feedback: "Well argued")
            #expect(answer.status == 200 && answer.object["percent"] as? Double == 75)
            let graded = try #require(try await hub.published(AssignmentGraded.self).first?.data)
            #expect(graded.kind == .assignment && graded.assignmentID == GradedWorkID(assignment))
            #expect(graded.submissionID == submission && graded.userID == school.ada && graded.score == 15)
            #expect(graded.maxScore == 20 && graded.passed == true && graded.lessonID == school.assignmentLesson)
            #expect(graded.gradedBy == school.teacher.rawValue && graded.feedback == "Well argued")
            #expect(try await hub.published(QuizSubmitted.self).isEmpty)
        }
    }

    @Test func `a repeated grade publishes nothing, another one does`() async throws {
        try await School.with { hub, school in
            let submission = try await hub.handIn("My essay", to: hub.addAssignment(school), as: school.ada)
            for score in [9, 9, 12] {
                #expect(try await hub.grade(submission, Double(score), as: .administrator).status == 200)
            }
            #expect(try await hub.published(AssignmentGraded.self).map(\.data.score) == [9, 12])
            #expect(try await hub.published(AssignmentGraded.self).map(\.data.passed) == [false, true])
        }
    }

    @Test func `of two concurrent grades the later one is published, and a known grade is not repeated`()
        async throws
    {
        try await School.with { hub, school in
            let submission = try await hub.handIn("My essay", to: hub.addAssignment(school), as: school.ada)
            func read(_ fields: HTTPFields = [:]) async throws -> TestAnswer {
                try await hub.send(.get, "/submissions/\(submission)", as: .learner(school.ada), fields: fields)
            }
            #expect(try await read().fields["etag"] == "\"1\"")
            let seen: HTTPFields = ["if-match": "\"1\""]
            let first = try await hub.grade(submission, 9, as: .administrator, fields: seen)
            #expect(first.status == 200 && first.fields["etag"] == "\"2\"")
            let second = try await hub.grade(submission, 12, as: .instructor(school.teacher), fields: seen)
            #expect(second.status == 412 && second.code == "changed-meanwhile")
            #expect(try await hub.published(AssignmentGraded.self).map(\.data.score) == [9])
            #expect(try await read(["if-none-match": "\"1\""]).object["score"] as? Double == 9)
            let known = try await read(["if-none-match": "\"2\""])
            #expect(known.status == 304 && known.body.isEmpty)
        }
    }

    @Test func `only the course's instructor and administrators grade, and only assignments`() async throws {
        try await School.with { hub, school in
            let submission = try await hub.handIn("My essay", to: hub.addAssignment(school), as: school.ada)
            for (identity, status) in [
                (Identity.anonymous, 401), (.learner(school.ada), 403), (.instructor(.new), 404),
            ] {
                #expect(try await hub.grade(submission, 10, as: identity).status == status)
            }
            for score in [-1, 20.5] {
                let answer = try await hub.grade(submission, score, as: .instructor(school.teacher))
                #expect(answer.status == 422 && answer.complaints == ["score"])
            }
            #expect(try await hub.grade(.new, 1, as: .instructor(school.teacher)).status == 404)
            let quiz = try await hub.submit(hub.addQuiz(school), [[1]], as: school.ada)["submissionId"]
            let answer = try await hub.grade(SubmissionID(checked: quiz ?? ""), 1, as: .instructor(school.teacher))
            #expect(answer.status == 404)
            #expect(try await hub.published(AssignmentGraded.self).map(\.data.kind) == [.quiz])
        }
    }

    @Test func `learners see their own submissions, the instructor sees all`() async throws {
        try await School.with { hub, school in
            let assignment = try await hub.addAssignment(school), eve = UserID.new
            school.enroll(eve)
            let mine = try await hub.handIn("Mine", to: assignment, as: school.ada)
            let hers = try await hub.handIn("Hers", to: assignment, as: eve)
            _ = try await hub.grade(mine, 20, as: .administrator, feedback: "Good")
            let own = try await hub.send(.get, "/submissions/\(mine)", as: .learner(school.ada))
            #expect(own["text"] == "Mine" && own["feedback"] == "Good" && own.object["passed"] as? Bool == true)
            for (identity, id, status) in [
                (Identity.learner(school.ada), hers, 404), (.learner(.new), mine, 404), (.anonymous, mine, 401),
                (.instructor(school.teacher), mine, 200), (.instructor(.new), mine, 404), (.administrator, hers, 200),
            ] {
                #expect(try await hub.send(.get, "/submissions/\(id)", as: identity).status == status)
            }
            let target = "/assignments/\(assignment)/submissions"
            for (identity, ids) in [
                (Identity.learner(school.ada), [mine]), (.learner(eve), [hers]),
                (.instructor(school.teacher), [hers, mine]), (.administrator, [hers, mine]),
            ] {
                let found = try await hub.send(.get, target, as: identity).items.compactMap { $0["id"] as? String }
                #expect(found == ids.map(\.rawValue))
            }
            #expect(try await hub.send(.get, target, as: .learner(.new)).code == "no-access")
        }
    }

    @Test func `the owner of a course who is no longer an instructor has no rights in it`() async throws {
        try await School.with { hub, school in
            let assignment = try await hub.addAssignment(school), former = Identity.learner(school.teacher)
            let submission = try await hub.handIn("Mine", to: assignment, as: school.ada)
            #expect(try await hub.send(.get, "/submissions/\(submission)", as: former).status == 404)
            for target in ["/assignments/\(assignment)/submissions", "/assignments/\(assignment)"] {
                #expect(try await hub.send(.get, target, as: former).code == "no-access")
            }
        }
    }

    @Test(arguments: [#"{"text": ""}"#, #"{}"#, #"{"text": "a", "score": 20}"#])
    func `an invalid submission is refused`(body: String) async throws {
        try await School.with { hub, school in
            let target = "/assignments/\(try await hub.addAssignment(school))/submissions"
            let answer = try await hub.send(.post, target, as: .learner(school.ada), json: body)
            #expect(answer.status == 422 && answer.code == "invalid-body")
            let stranger = try await hub.send(.post, target, as: .learner(.new), json: #"{"text": "a"}"#)
            #expect(stranger.status == 403 && stranger.code == "no-access")
        }
    }

    @Test func `a text is handed in once for a key`() async throws {
        try await School.with { hub, school in
            let target = "/assignments/\(try await hub.addAssignment(school))/submissions"
            for _ in 0..<2 {
                let answer = try await hub.send(
                    .post, target, as: .learner(school.ada), json: #"{"text": "a"}"#, fields: ["idempotency-key": "k"])
                #expect(answer.status == 201)
            }
            #expect(try await hub.rowCount("submission") == 1)
        }
    }

    @Test func `the gradebook has the best grade of each learner in each work, page by page`() async throws {
        try await School.with { hub, school in
            let quiz = try await hub.addQuiz(school), assignment = try await hub.addAssignment(school)
            let learners = [school.ada, .new, .new].sorted()
            for learner in learners { school.enroll(learner) }
            for chosen in [[[1]], [[1], [0, 2], [1]], [[0]]] { _ = try await hub.submit(quiz, chosen, as: school.ada) }
            for learner in learners where learner != school.ada { _ = try await hub.submit(quiz, [[1]], as: learner) }
            _ = try await hub.grade(hub.handIn("A", to: assignment, as: school.ada), 5, as: .administrator)
            _ = try await hub.handIn("Not graded yet", to: assignment, as: school.ada)
            let target = "/courses/\(school.course)/gradebook"
            let first = try await hub.send(.get, "\(target)?limit=2", as: .instructor(school.teacher))
            let second = try await hub.send(
                .get, "\(target)?limit=2&cursor=\(first["nextCursor"] ?? "")", as: .instructor(school.teacher))
            #expect(first.items.count == 2 && second.items.count == 1 && second["nextCursor"] == nil)
            let lines = first.items + second.items
            #expect(lines.compactMap { $0["userId"] as? String } == learners.map(\.rawValue))
            let ada = lines.first { $0["userId"] as? String == school.ada.rawValue }
            let scores = ada?["scores"] as? [[String: Any]] ?? []
            let best = Dictionary(
                uniqueKeysWithValues: scores.map { ($0["workId"] as? String ?? "", $0["percent"] as? Double) })
            #expect(best == [quiz.rawValue: 100, assignment.rawValue: 25])
            for (identity, status) in [
                (Identity.anonymous, 401), (.learner(school.ada), 403), (.instructor(.new), 404), (.administrator, 200),
            ] {
                #expect(try await hub.send(.get, target, as: identity).status == status)
            }
        }
    }
}

@Suite struct ErasureTests {
    @Test func `erasure deletes answers, texts and feedback, and keeps anonymous scores`() async throws {
        try await School.with { hub, school in
            let quiz = try await hub.addQuiz(school), assignment = try await hub.addAssignment(school)
            _ = try await hub.submit(quiz, [[1]], as: school.ada)
            let submission = try await hub.handIn("Mine", to: assignment, as: school.ada)
            _ = try await hub.grade(submission, 20, as: .administrator, feedback: "Good")
            let erasure = UserDeleted(userID: school.ada, deletedAt: school.clock.now), id = EventID.new
            try await hub.deliver(erasure, id: id)
            try await hub.deliver(erasure, id: id)
            try await hub.deliver(together: [erasure, erasure])
            #expect(
                try await hub.count(
                    """
                    select count(*) from submission
                    where num_nonnulls(user_id, answers, body, feedback) = 0 and score is not null
                    """) == 2)
            #expect(try await hub.send(.get, "/submissions/\(submission)", as: .administrator).status == 404)
            #expect(try await hub.grade(submission, 1, as: .administrator).status == 404)
            for target in ["/courses/\(school.course)/gradebook", "/assignments/\(assignment)/submissions"] {
                #expect(try await hub.send(.get, target, as: .administrator).items.isEmpty)
            }
        }
    }

    @Test func `an erased learner cannot submit, in any order of events`() async throws {
        try await School.with { hub, school in
            let quiz = try await hub.addQuiz(school)
            for _ in 0..<10 {
                let learner = UserID.new
                school.enroll(learner)
                async let answer = hub.submit(quiz, [[1]], as: learner)
                async let erased = hub.deliver(UserDeleted(userID: learner, deletedAt: school.clock.now))
                _ = try await (answer, erased)
            }
            try await hub.deliver(UserDeleted(userID: school.ada, deletedAt: school.clock.now))
            #expect(try await hub.submit(quiz, [[1]], as: school.ada).code == "no-access")
            #expect(try await hub.count("select count(*) from submission where user_id is not null") == 0)
        }
    }
}
