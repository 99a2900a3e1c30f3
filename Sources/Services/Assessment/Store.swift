internal import Contracts
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service.
struct Store: Sendable {
    let people = People(table: "learner")

    // MARK: Learners

    /// Replaces the learner with a tombstone and their submissions with anonymous scores.
    func deleteLearner(_ user: UserID, at time: Date, on tx: Transaction) {
        people.erase(user, at: time, on: tx)
        // A separate statement, so that it sees what the previous lock holder committed.
        tx.submit(
            """
            update submission set user_id = null, answers = null, body = null, feedback = null
            where user_id = \(user.rawValue)
            """)
    }

    // MARK: Works

    func insert(_ work: Work, on tx: Transaction) async throws {
        var questions: JSONValue?
        var instructions: String?
        switch work.form {
        case .quiz(let all): questions = try JSONValue(encoding: all)
        case .assignment(let text): instructions = text
        }
        try await tx.execute(
            """
            insert into work (id, kind, course_id, lesson_id, title, max_score, pass_percent, attempts_max, questions,
                instructions, created_at)
            values (\(work.id.rawValue), \(work.kind.rawValue), \(work.courseID.rawValue), \(work.lessonID?.rawValue as String?),
                \(work.title), \(work.maxScore), \(work.passPercent), \(work.attemptsMax.map { Int32(clamping: $0) } as Int32?),
                \(questions as JSONValue?), \(instructions as String?), \(work.createdAt))
            """)
    }

    func findWork(_ id: GradedWorkID, on statements: some Statements) async throws -> Work? {
        try await statements.query("select \(Self.workColumns) from work where id = \(id.rawValue)").first.map(work)
    }

    /// Newest first.
    func listWorks(
        in course: CourseID, _ kind: GradedWorkKind, before: GradedWorkID?, countMax: Int, on database: Database
    ) async throws -> [Work] {
        let older: SQL = before.map { "and id < \($0.rawValue)" } ?? ""
        return try await database.query(
            """
            select \(Self.workColumns) from work
            where course_id = \(course.rawValue) and kind = \(kind.rawValue) \(older)
            order by id desc limit \(countMax)
            """
        ).map(work)
    }

    // MARK: Submissions

    /// How many submissions a learner has.
    func countAttempts(at work: GradedWorkID, by user: UserID, on statements: some Statements) async throws -> Int {
        let rows = try await statements.query(
            "select count(*) from submission where work_id = \(work.rawValue) and user_id = \(user.rawValue)")
        return try rows.first?.decode(Int.self) ?? 0
    }

    func insert(_ submission: Submission, on tx: Transaction) async throws {
        var answers: JSONValue?
        var body: String?
        switch submission.content {
        case .answers(let all): answers = try JSONValue(encoding: all)
        case .text(let text): body = text
        }
        let grade = submission.grade
        try await tx.execute(
            """
            insert into submission (id, work_id, course_id, user_id, attempt, answers, body, submitted_at, score, percent,
                is_passed, feedback, graded_at)
            values (\(submission.id.rawValue), \(submission.workID.rawValue), \(submission.courseID.rawValue),
                \(submission.userID.rawValue), \(Int32(clamping: submission.attempt)), \(answers as JSONValue?), \(body as String?),
                \(submission.submittedAt), \(grade?.score as Double?), \(grade?.percent as Double?), \(grade?.isPassed as Bool?), \(grade?.feedback as String?),
                \(grade?.gradedAt as Date?))
            """)
    }

    /// A submission of a learner who is not erased.
    func findSubmission(_ id: SubmissionID, on statements: some Statements) async throws -> Submission? {
        try await statements.query(
            """
            select \(Self.submissionColumns) from submission where id = \(id.rawValue) and user_id is not null
            """
        ).first.map(submission)
    }

    /// The same, locked until the transaction ends.
    func lockSubmission(_ id: SubmissionID, on tx: Transaction) async throws -> Submission? {
        try await tx.query(
            """
            select \(Self.submissionColumns) from submission where id = \(id.rawValue) and user_id is not null for update
            """
        ).first.map(submission)
    }

    /// Newest first.
    /// - Parameter user: the learner; nil for all learners.
    func listSubmissions(
        of work: GradedWorkID, by user: UserID?, before: SubmissionID?, countMax: Int, on database: Database
    ) async throws -> [Submission] {
        let older: SQL = before.map { "and id < \($0.rawValue)" } ?? ""
        let own: SQL = user.map { "and user_id = \($0.rawValue)" } ?? "and user_id is not null"
        return try await database.query(
            """
            select \(Self.submissionColumns) from submission where work_id = \(work.rawValue) \(own) \(older)
            order by id desc limit \(countMax)
            """
        ).map(submission)
    }

    func update(_ grade: Grade, of submission: Submission, on tx: Transaction) {
        tx.submit(
            """
            update submission set score = \(grade.score), percent = \(grade.percent), is_passed = \(grade.isPassed),
                feedback = \(grade.feedback as String?), graded_at = \(grade.gradedAt), version = \(submission.version)
            where id = \(submission.id.rawValue)
            """)
    }

    // MARK: Gradebook

    /// The best grade of each learner in each work, sorted by learner id.
    func listGradebook(
        of course: CourseID, after: UserID?, countMax: Int, on database: Database
    ) async throws -> [GradebookLine] {
        let later: SQL = after.map { "and user_id > \($0.rawValue)" } ?? ""
        let rows = try await database.query(
            """
            with page as (
                select distinct user_id from submission
                where course_id = \(course.rawValue) and graded_at is not null and user_id is not null \(later)
                order by user_id limit \(countMax)
            )
            select distinct on (s.user_id, s.work_id) s.user_id, s.work_id, s.score, s.percent,
                bool_or(s.is_passed) over (partition by s.user_id, s.work_id)
            from submission s join page p on p.user_id = s.user_id
            where s.course_id = \(course.rawValue) and s.graded_at is not null
            order by s.user_id, s.work_id, s.percent desc
            """)
        var lines: [GradebookLine] = []
        for row in rows {
            let (user, work, score, percent, isPassed) = try row.decode(
                String.self, String.self, Double.self, Double.self, Bool.self)
            let userID = UserID(checked: user)
            if lines.last?.userID != userID { lines.append(GradebookLine(userID: userID, grades: [])) }
            lines[lines.count - 1].grades.append(
                BestGrade(workID: GradedWorkID(checked: work), score: score, percent: percent, isPassed: isPassed))
        }
        return lines
    }

    // MARK: Rows

    private static let workColumns: SQL = """
        id, course_id, lesson_id, title, max_score, pass_percent, attempts_max, questions, instructions, created_at
        """

    private func work(_ row: Row) throws -> Work {
        let (id, course, lesson, title, maxScore, passPercent, attemptsMax, questions, instructions, createdAt) =
            try row.decode(
                String.self, String.self, String?.self, String.self, Double.self, Double.self, Int?.self,
                JSONValue?.self, String?.self, Date.self)
        return Work(
            id: GradedWorkID(checked: id), courseID: CourseID(checked: course),
            lessonID: lesson.map(LessonID.init(checked:)), title: title, maxScore: maxScore, passPercent: passPercent,
            attemptsMax: attemptsMax,
            form: try questions.map { .quiz(try $0.decode([Question].self)) }
                ?? .assignment(instructions: instructions),
            createdAt: createdAt)
    }

    private static let submissionColumns: SQL = """
        id, work_id, course_id, user_id, attempt, answers, body, submitted_at, score, percent, is_passed, feedback,
        graded_at, version
        """

    private func submission(_ row: Row) throws -> Submission {
        let (
            id, work, course, user, attempt, answers, body, submittedAt, score, percent, isPassed, feedback, gradedAt,
            version
        ) = try row.decode(
            String.self, String.self, String.self, String.self, Int.self, JSONValue?.self, String?.self, Date.self,
            Double?.self, Double?.self, Bool?.self, String?.self, Date?.self, Int.self)
        var submission = Submission(
            id: SubmissionID(checked: id), workID: GradedWorkID(checked: work), courseID: CourseID(checked: course),
            userID: UserID(checked: user), attempt: attempt,
            content: try answers.map { .answers(try $0.decode([Answer].self)) } ?? .text(body ?? ""),
            submittedAt: submittedAt, version: version)
        if let score, let percent, let isPassed, let gradedAt {
            submission.grade = Grade(
                score: score, percent: percent, isPassed: isPassed, feedback: feedback, gradedAt: gradedAt)
        }
        return submission
    }
}
