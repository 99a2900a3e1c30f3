internal import Contracts
internal import HTTP
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Works of a course, submissions and grades.
struct AssessmentRoutes: Sendable {
    let operations: Operations

    func add(to routes: inout Routes) {
        routes.postOnce("/courses/{id}/quizzes", .instructor, createQuiz)
        routes.get("/courses/{id}/quizzes", .user, query: .page(), quizzes)
        routes.get("/quizzes/{id}", .user, quiz)
        routes.postOnce("/quizzes/submit", .user, submitQuiz)
        routes.postOnce("/courses/{id}/assignments", .instructor, createAssignment)
        routes.get("/courses/{id}/assignments", .user, query: .page(), assignments)
        routes.get("/assignments/{id}", .user, assignment)
        routes.postOnce("/assignments/{id}/submissions", .user, submitText)
        routes.get("/assignments/{id}/submissions", .user, query: .page(), submissions)
        routes.get("/submissions/{id}", .user, submission)
        routes.put("/submissions/{id}/grade", .instructor, grade)
        routes.get("/courses/{id}/gradebook", .instructor, query: .page(), gradebook)
    }

    // MARK: Works

    struct MadeView: Encodable {
        let id: String
    }

    struct QuizBody: RequestBody {
        struct Option: RequestBody {
            let draft: OptionDraft

            init(_ fields: inout BodyFields) {
                draft = OptionDraft(
                    text: fields.string("text", length: Limits.optionTextLength),
                    isCorrect: fields.optionalBool("correct") ?? false)
            }
        }

        struct Question: RequestBody {
            let draft: QuestionDraft

            init(_ fields: inout BodyFields) {
                draft = QuestionDraft(
                    kind: fields.choice("kind", of: QuestionKind.self, else: .single),
                    text: fields.string("text", length: Limits.questionTextLength),
                    points: fields.number("points", in: Limits.points),
                    options: fields.list("options", count: Limits.optionCount, of: Option.self).map(\.draft))
                if let complaint = draft.complaint { fields.complain("options", complaint) }
            }
        }

        let draft: WorkDraft

        init(_ fields: inout BodyFields) {
            draft = WorkDraft(
                title: fields.string("title", length: Limits.titleLength), lessonID: fields.optionalID("lessonId"),
                passPercent: fields.number("passPercent", in: Limits.percent),
                form: .quiz(
                    fields.list("questions", count: Limits.questionCount, of: Question.self).map(\.draft),
                    attemptsMax: fields.optionalInt("attemptsMax", in: Limits.attempts)))
        }
    }

    @Sendable func createQuiz(_ request: Request, _ once: Once) async throws -> Response {
        try await create(request.body(as: QuizBody.self, bytesMax: Limits.bodyBytesMax).draft, request, once)
    }

    struct AssignmentBody: RequestBody {
        let draft: WorkDraft

        init(_ fields: inout BodyFields) {
            draft = WorkDraft(
                title: fields.string("title", length: Limits.titleLength), lessonID: fields.optionalID("lessonId"),
                passPercent: fields.optionalNumber("passPercent", in: Limits.percent) ?? Limits.passPercentDefault,
                form: .assignment(
                    maxScore: fields.number("maxScore", in: Limits.maxScore),
                    instructions: fields.optionalString("instructions", length: Limits.instructionsLength)))
        }
    }

    @Sendable func createAssignment(_ request: Request, _ once: Once) async throws -> Response {
        try await create(request.body(as: AssignmentBody.self, bytesMax: Limits.bodyBytesMax).draft, request, once)
    }

    private func create(_ draft: WorkDraft, _ request: Request, _ once: Once) async throws -> Response {
        let course = try request.id("id", as: CourseID.self)
        let work = try await operations.create(draft, in: course, by: request.identity, once)
        return try .created(MadeView(id: work.id.rawValue), at: work.path)
    }

    struct WorkView: Encodable {
        let id, courseId, title: String
        let lessonId: String?
        let maxScore, passPercent: Double
        let attemptsMax, questionCount: Int?
        let instructions: String?
        let createdAt: Date
    }

    @Sendable func quizzes(_ request: Request) async throws -> Response { try await works(.quiz, request) }

    @Sendable func assignments(_ request: Request) async throws -> Response { try await works(.assignment, request) }

    private func works(_ kind: GradedWorkKind, _ request: Request) async throws -> Response {
        let page = try request.page(by: GradedWorkID.self)
        let works = try await operations.works(
            in: request.id("id", as: CourseID.self), kind, for: request.identity, page)
        return try .page(works.map(WorkView.init), of: request)
    }

    /// The correct options are not included.
    struct QuizView: Encodable {
        struct Question: Encodable {
            struct Option: Encodable {
                let id, text: String
            }
            let id, kind, text: String
            let points: Double
            let options: [Option]
        }
        let work: WorkView
        let questions: [Question]
    }

    @Sendable func quiz(_ request: Request) async throws -> Response {
        let id = GradedWorkID(try request.id("id", as: QuizID.self))
        return try .ok(QuizView(try await operations.work(id, .quiz, for: request.identity)))
    }

    @Sendable func assignment(_ request: Request) async throws -> Response {
        let id = GradedWorkID(try request.id("id", as: AssignmentID.self))
        return try .ok(WorkView(try await operations.work(id, .assignment, for: request.identity)))
    }

    // MARK: Handing in

    struct AnswersBody: RequestBody {
        struct Item: RequestBody {
            let answer: Answer

            init(_ fields: inout BodyFields) {
                answer = Answer(
                    questionID: fields.id("questionId"),
                    optionIDs: fields.ids("optionIds", count: 0...Limits.optionCount.upperBound))
            }
        }
        let quizID: QuizID
        let answers: [Answer]

        init(_ fields: inout BodyFields) {
            quizID = fields.id("quizId")
            answers = fields.list("answers", count: 0...Limits.questionCount.upperBound, of: Item.self).map(\.answer)
        }
    }

    struct ResultView: Encodable {
        let submissionId: String
        let score, maxScore, percent: Double
        let passed: Bool
        let attempt: Int
    }

    @Sendable func submitQuiz(_ request: Request, _ once: Once) async throws -> Response {
        let body = try await request.body(as: AnswersBody.self, bytesMax: Limits.bodyBytesMax)
        let result = try await operations.handIn(body.answers, to: body.quizID, by: request.identity, once)
        return try .ok(
            ResultView(
                submissionId: result.submission.id.rawValue, score: result.grade.score,
                maxScore: result.work.maxScore, percent: result.grade.percent, passed: result.grade.isPassed,
                attempt: result.submission.attempt))
    }

    struct TextBody: RequestBody {
        let text: String
        init(_ fields: inout BodyFields) { text = fields.string("text", length: Limits.textLength) }
    }

    @Sendable func submitText(_ request: Request, _ once: Once) async throws -> Response {
        let id = try request.id("id", as: AssignmentID.self)
        let body = try await request.body(as: TextBody.self, bytesMax: Limits.bodyBytesMax)
        let submission = try await operations.handIn(body.text, to: id, by: request.identity, once)
        return try .created(MadeView(id: submission.id.rawValue), at: Submission.path(of: submission.id))
    }

    struct SubmissionView: Encodable {
        let id, workId, courseId, userId: String
        let attempt: Int
        let text: String?
        let submittedAt: Date
        let score, percent: Double?
        let passed: Bool?
        let feedback: String?
        let gradedAt: Date?
    }

    @Sendable func submissions(_ request: Request) async throws -> Response {
        let page = try request.page(by: SubmissionID.self)
        let id = try request.id("id", as: AssignmentID.self)
        let found = try await operations.submissions(of: id, for: request.identity, page)
        return try .page(found.map(SubmissionView.init), of: request)
    }

    @Sendable func submission(_ request: Request) async throws -> Response {
        let id = try request.id("id", as: SubmissionID.self)
        let submission = try await operations.submission(id, for: request.identity)
        return try .ok(SubmissionView(submission), version: submission.version)
    }

    // MARK: Grading

    struct GradeBody: RequestBody {
        let score: Double
        let feedback: String?

        init(_ fields: inout BodyFields) {
            score = fields.number("score", in: 0...Limits.maxScore.upperBound)
            feedback = fields.optionalString("feedback", length: Limits.feedbackLength)
        }
    }

    @Sendable func grade(_ request: Request) async throws -> Response {
        let id = try request.id("id", as: SubmissionID.self)
        let body = try await request.body(as: GradeBody.self, bytesMax: Limits.bodyBytesMax)
        let graded = try await operations.grade(
            id, body.score, body.feedback, by: request.identity, ifVersion: request.isExpectedVersion)
        return try .ok(SubmissionView(graded), version: graded.version)
    }

    struct LineView: Encodable {
        struct Score: Encodable {
            let workId: String
            let score, percent: Double
            let passed: Bool
        }
        let userId: String
        let scores: [Score]
    }

    @Sendable func gradebook(_ request: Request) async throws -> Response {
        let page = try request.page(by: UserID.self)
        let lines = try await operations.gradebook(
            of: request.id("id", as: CourseID.self), for: request.identity, page)
        return try .page(lines.map(LineView.init), of: request)
    }
}

extension AssessmentRoutes.WorkView {
    init(_ work: Work) {
        id = work.id.rawValue
        courseId = work.courseID.rawValue
        title = work.title
        lessonId = work.lessonID?.rawValue
        maxScore = work.maxScore
        passPercent = work.passPercent
        attemptsMax = work.attemptsMax
        switch work.form {
        case .quiz(let questions): (questionCount, instructions) = (questions.count, nil)
        case .assignment(let text): (questionCount, instructions) = (nil, text)
        }
        createdAt = work.createdAt
    }
}

extension AssessmentRoutes.QuizView {
    init(_ quiz: Work) {
        work = AssessmentRoutes.WorkView(quiz)
        questions = quiz.questions.map { question in
            Question(
                id: question.id.rawValue, kind: question.kind.rawValue, text: question.text, points: question.points,
                options: question.options.map { Question.Option(id: $0.id.rawValue, text: $0.text) })
        }
    }

    enum CodingKeys: CodingKey { case questions }

    /// The fields of the work, with the questions beside them.
    func encode(to encoder: any Encoder) throws {
        try work.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(questions, forKey: .questions)
    }
}

extension AssessmentRoutes.SubmissionView {
    init(_ submission: Submission) {
        id = submission.id.rawValue
        workId = submission.workID.rawValue
        courseId = submission.courseID.rawValue
        userId = submission.userID.rawValue
        attempt = submission.attempt
        if case .text(let body) = submission.content { text = body } else { text = nil }
        submittedAt = submission.submittedAt
        score = submission.grade?.score
        percent = submission.grade?.percent
        passed = submission.grade?.isPassed
        feedback = submission.grade?.feedback
        gradedAt = submission.grade?.gradedAt
    }
}

extension AssessmentRoutes.LineView {
    init(_ line: GradebookLine) {
        userId = line.userID.rawValue
        scores = line.grades.map {
            Score(workId: $0.workID.rawValue, score: $0.score, percent: $0.percent, passed: $0.isPassed)
        }
    }
}

extension AssessmentError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound
        case .noAccess: Problem(.forbidden, "no-access", detail: "Enrol in the course first.")
        case .noAttemptsLeft:
            Problem(.conflict, "no-attempts-left", detail: "No attempts are left.")
        case .unknownLesson:
            .invalidBody([.init(field: "lessonId", message: "is not a lesson of this course and kind")])
        case .unacceptableAnswer(let message): .invalidBody([.init(field: "answers", message: message)])
        case .scoreOutOfRange(let max): .invalidBody([.init(field: "score", message: "must be from 0 to \(max)")])
        case .changedMeanwhile: .changedMeanwhile
        }
    }
}
