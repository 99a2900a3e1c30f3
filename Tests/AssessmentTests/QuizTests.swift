@testable import Assessment
import Contracts
import HTTP
import Platform
import ServiceTesting
import Testing

@Suite struct QuizTests {
    @Test func `a question gives its points for exactly the right options`() async throws {
        try await School.with { hub, school in
            let quiz = try await hub.addQuiz(school)
            for (chosen, score) in [
                ([[1], [0, 2], [1]], 10.0), ([[1], [0], [1]], 7), ([[1], [0, 1, 2], [0]], 2),
                ([[1, 2], [2, 0], []], 3),
                ([], 0),
            ] {
                let answer = try await hub.submit(quiz, chosen, as: school.ada)
                #expect(answer.status == 200 && answer.object["score"] as? Double == score)
                #expect(answer.object["maxScore"] as? Double == 10 && answer.object["percent"] as? Double == score * 10)
                #expect(answer.object["passed"] as? Bool == (score >= 7))
            }
            #expect(try await hub.published(QuizSubmitted.self).map(\.data.attempt) == [1, 2, 3, 4, 5])
        }
    }

    @Test func `a submitted quiz publishes both events, with the lesson it completes`() async throws {
        try await School.with { hub, school in
            let quiz = try await hub.addQuiz(school, lesson: school.quizLesson)
            let answer = try await hub.submit(quiz, [[1], [0, 2], [0]], as: school.ada)
            let submitted = try #require(try await hub.published(QuizSubmitted.self).first?.data)
            #expect(submitted.submissionID.rawValue == answer["submissionId"] && submitted.quizID == quiz)
            #expect(submitted.userID == school.ada && submitted.courseID == school.course && submitted.attempt == 1)
            #expect(submitted.percent == 50 && !submitted.passed && submitted.lessonID == school.quizLesson)
            let graded = try #require(try await hub.published(AssignmentGraded.self).first?.data)
            #expect(graded.kind == .quiz && graded.assignmentID == GradedWorkID(quiz) && graded.gradedBy == "auto")
            #expect(graded.submissionID == submitted.submissionID && graded.score == 5 && graded.maxScore == 10)
            #expect(graded.passed == false && graded.lessonID == school.quizLesson && graded.feedback == nil)
        }
    }

    @Test func `the same request again is the same attempt`() async throws {
        try await School.with { hub, school in
            let quiz = try await hub.addQuiz(school, attemptsMax: 1)
            let first = try await hub.submit(quiz, [[1]], as: school.ada, key: "k")
            let second = try await hub.submit(quiz, [[1]], as: school.ada, key: "k")
            #expect(first.status == 200 && first.body == second.body)
            #expect(try await hub.rowCount("submission") == 1)
            #expect(try await hub.published(QuizSubmitted.self).count == 1)
        }
    }

    @Test func `the number of attempts is limited, also for concurrent submissions`() async throws {
        try await School.with { hub, school in
            let quiz = try await hub.addQuiz(school, attemptsMax: 3), eve = UserID.new
            school.enroll(eve)
            let answers = try await withThrowingTaskGroup(of: TestAnswer.self) { group in
                for _ in 0..<8 { group.addTask { try await hub.submit(quiz, [[1]], as: school.ada) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.filter { $0.status == 200 }.count == 3)
            #expect(answers.filter { $0.status == 409 && $0.code == "no-attempts-left" }.count == 5)
            #expect(try await hub.published(QuizSubmitted.self).map(\.data.attempt).sorted() == [1, 2, 3])
            #expect(try await hub.submit(quiz, [[1]], as: eve).object["attempt"] as? Int == 1)
        }
    }

    @Test func `a repeated submission gets its result although the learner has left the course`() async throws {
        try await School.with { hub, school in
            let quiz = try await hub.addQuiz(school)
            let first = try await hub.submit(quiz, [[1]], as: school.ada, key: "k")
            school.withdraw(school.ada)
            let second = try await hub.submit(quiz, [[1]], as: school.ada, key: "k")
            #expect(first.status == 200 && second.status == 200 && first.body == second.body)
            #expect(try await hub.submit(quiz, [[1]], as: school.ada, key: "another").status == 403)
        }
    }

    @Test func `a quiz without a limit takes a hundred attempts`() async throws {
        try await School.with { hub, school in
            let quiz = try await hub.addQuiz(school)
            for _ in 1...100 { #expect(try await hub.submit(quiz, [[1]], as: school.ada).status == 200) }
            #expect(try await hub.submit(quiz, [[1]], as: school.ada).code == "no-attempts-left")
        }
    }

    @Test func `the correct options are never returned`() async throws {
        try await School.with { hub, school in
            let quiz = try await hub.addQuiz(school)
            for identity in [.learner(school.ada), .instructor(school.teacher), .administrator] as [Identity] {
                for target in ["/quizzes/\(quiz)", "/courses/\(school.course)/quizzes"] {
                    let answer = try await hub.send(.get, target, as: identity)
                    #expect(answer.status == 200 && !answer.text.lowercased().contains("correct"))
                }
            }
            let answer = try await hub.send(.get, "/quizzes/\(quiz)", as: .learner(school.ada))
            let questions = answer.object["questions"] as? [[String: Any]] ?? []
            #expect(questions.compactMap { $0["kind"] as? String } == ["SINGLE", "MULTIPLE", "TRUE_FALSE"])
            #expect(questions.map { ($0["options"] as? [Any])?.count } == [3, 3, 2])
            #expect(try await !hub.submit(quiz, [[0]], as: school.ada).text.contains("correct"))
        }
    }

    @Test func `quizzes and assignments of a draft are hidden from others`() async throws {
        try await School.with(isPublic: false) { hub, school in
            let works = [
                "/quizzes/\(try await hub.addQuiz(school))", "/assignments/\(try await hub.addAssignment(school))",
            ]
            let lists = [school.course, CourseID.new].map { "/courses/\($0)/quizzes" }
            for target in works + lists {
                for identity in [.learner(.new), .instructor(.new)] as [Identity] {
                    #expect(try await hub.send(.get, target, as: identity).code == "not-found")
                }
            }
            #expect(try await hub.send(.get, works[0], as: .instructor(school.teacher)).status == 200)
        }
    }

    @Test func `only learners and the instructor of a course see and submit`() async throws {
        try await School.with { hub, school in
            let quiz = try await hub.addQuiz(school), stranger = UserID.new
            for identity in [.learner(stranger), .instructor(stranger)] as [Identity] {
                for target in ["/quizzes/\(quiz)", "/courses/\(school.course)/quizzes"] {
                    let answer = try await hub.send(.get, target, as: identity)
                    #expect(answer.status == 403 && answer.code == "no-access")
                }
            }
            #expect(try await hub.submit(quiz, [[1]], as: stranger).code == "no-access")
            let body = #"{"quizId": "\#(quiz)", "answers": []}"#
            #expect(try await hub.send(.post, "/quizzes/submit", as: .anonymous, json: body).status == 401)
            #expect(
                try await hub.send(.post, "/quizzes/submit", as: .instructor(school.teacher), json: body).status == 200)
            school.withdraw(school.ada)
            #expect(try await hub.submit(quiz, [[1]], as: school.ada).status == 403)
            #expect(try await hub.send(.get, "/quizzes/\(QuizID.new)", as: .administrator).status == 404)
        }
    }

    @Test func `while enrollment is down nothing is shown`() async throws {
        try await School.with { hub, school in
            let quiz = try await hub.addQuiz(school)
            school.closeEnrollment()
            #expect(try await hub.send(.get, "/quizzes/\(quiz)", as: .learner(school.ada)).status == 503)
        }
    }

    @Test func `answers to unknown questions or options are refused`() async throws {
        try await School.with { hub, school in
            let quiz = try await hub.addQuiz(school), other = try await hub.addQuiz(school)
            let store = hub.service.operations.store
            let mine = try #require(try await store.findWork(GradedWorkID(quiz), on: hub.database)).questions
            let foreign = try #require(try await store.findWork(GradedWorkID(other), on: hub.database)).questions
            for (question, option) in [
                (foreign[0].id, foreign[0].options[0].id), (mine[0].id, foreign[0].options[0].id),
                (mine[0].id, mine[1].options[0].id),
            ] {
                let answer = #"{"questionId": "\#(question)", "optionIds": ["\#(option)"]}"#
                for answers in [answer, "\(answer), \(answer)"] {
                    let refusal = try await hub.send(
                        .post, "/quizzes/submit", as: .learner(school.ada),
                        json: #"{"quizId": "\#(quiz)", "answers": [\#(answers)]}"#)
                    #expect(refusal.status == 422 && refusal.complaints == ["answers"])
                }
            }
            #expect(try await hub.rowCount("submission") == 0)
        }
    }

    @Test(arguments: [
        (#""title": """#, "title"), (#""passPercent": 101"#, "passPercent"), (#""questions": []"#, "questions"),
        (#""attemptsMax": 0"#, "attemptsMax"), (#""answers": []"#, "answers"), (#""lessonId": "crs_1""#, "lessonId"),
        (#""questions": [3]"#, "questions[0]"),
        (
            #""questions": [{"kind": "ESSAY", "text": "?", "points": 1, "options": [{"text": "a", "correct": true}, {"text": "b"}]}]"#,
            "questions[0].kind"
        ),
        (
            #""questions": [{"kind": "SINGLE", "text": "?", "points": 1, "options": [{"text": "a"}, {"text": "b"}]}]"#,
            "questions[0].options"
        ),
        (
            #""questions": [{"kind": "SINGLE", "text": "?", "points": 0, "options": [{"text": "a", "correct": true}, {"text": "b"}]}]"#,
            "questions[0].points"
        ),
        (
            #""questions": [{"kind": "MULTIPLE", "text": "?", "points": 1, "options": [{"text": "a", "right": true}, {"text": "b", "correct": true}]}]"#,
            "questions[0].options[0].right"
        ),
        (
            #""questions": [{"kind": "TRUE_FALSE", "text": "?", "points": 1, "options": [{"text": "a", "correct": true}, {"text": "b"}, {"text": "c"}]}]"#,
            "questions[0].options"
        ),
    ])
    func `an invalid quiz is refused, naming the position`(change: String, complaint: String) async throws {
        try await School.with { hub, school in
            var members = [#""title": "A""#, #""passPercent": 50"#, #""questions": \#(AssessmentHub.questions)"#]
            let name = change.prefix { $0 != ":" }
            members.removeAll { $0.hasPrefix(name) }
            let answer = try await hub.send(
                .post, "/courses/\(school.course)/quizzes", as: .instructor(school.teacher),
                json: "{\((members + [change]).joined(separator: ", "))}")
            #expect(answer.status == 422 && answer.complaints == [complaint])
        }
    }

    @Test func `only instructor and administrators add quizzes and assignments, to lessons of their kind`() async throws
    {
        try await School.with { hub, school in
            let body = #"{"title": "A", "passPercent": 50, "questions": \#(AssessmentHub.questions)}"#
            let target = "/courses/\(school.course)/quizzes"
            for (identity, status) in [
                (Identity.anonymous, 401), (.learner(school.ada), 403), (.instructor(.new), 404), (.administrator, 201),
            ] {
                #expect(try await hub.send(.post, target, as: identity, json: body).status == status)
            }
            let unknown = try await hub.send(
                .post, "/courses/\(CourseID.new)/quizzes", as: .instructor(school.teacher), json: body)
            #expect(unknown.status == 404)
            for lesson in [school.assignmentLesson, .new] {
                let answer = try await hub.send(
                    .post, target, as: .instructor(school.teacher),
                    json: String(body.dropLast()) + #", "lessonId": "\#(lesson)"}"#)
                #expect(answer.status == 422 && answer.complaints == ["lessonId"])
            }
            #expect(try await hub.rowCount("work") == 1)
        }
    }

    @Test func `a quiz is added once for a key`() async throws {
        try await School.with { hub, school in
            let body = #"{"title": "A", "passPercent": 50, "questions": \#(AssessmentHub.questions)}"#
            let made = try await (0..<2).asyncMap { _ in
                try await hub.send(
                    .post, "/courses/\(school.course)/quizzes", as: .instructor(school.teacher), json: body,
                    fields: ["idempotency-key": "k"])
            }
            #expect(made.map(\.status) == [201, 201] && made[0]["id"] == made[1]["id"])
            #expect(try await hub.rowCount("work") == 1)
        }
    }

    @Test func `the quizzes of a course are read page by page, and assignments are others`() async throws {
        try await School.with { hub, school in
            var quizzes: [String] = []
            for _ in 0..<3 { quizzes.append(try await hub.addQuiz(school).rawValue) }
            let assignment = try await hub.addAssignment(school)
            let first = try await hub.send(
                .get, "/courses/\(school.course)/quizzes?limit=2", as: .learner(school.ada))
            let second = try await hub.send(
                .get, "/courses/\(school.course)/quizzes?cursor=\(first["nextCursor"] ?? "")", as: .learner(school.ada))
            #expect((first.items + second.items).compactMap { $0["id"] as? String } == quizzes.reversed())
            #expect(first.items.first?["questionCount"] as? Int == 3 && first.items.first?["maxScore"] as? Double == 10)
            let others = try await hub.send(.get, "/courses/\(school.course)/assignments", as: .learner(school.ada))
            #expect(others.items.compactMap { $0["id"] as? String } == [assignment.rawValue])
            // An assignment is no quiz, whatever its id is called.
            #expect(try await hub.send(.get, "/quizzes/\(assignment)", as: .learner(school.ada)).status == 404)
        }
    }
}

extension Sequence {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
