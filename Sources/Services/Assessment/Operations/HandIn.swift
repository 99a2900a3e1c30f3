internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

extension Operations {
    /// Submits and grades a quiz.
    /// - Throws: ``AssessmentError/notFound``, ``AssessmentError/noAccess``, ``AssessmentError/unacceptableAnswer(_:)``,
    ///   ``AssessmentError/noAttemptsLeft``.
    func handIn(_ answers: [Answer], to quiz: QuizID, by caller: Identity, _ once: Once) async throws -> QuizResult {
        let work = try await work(GradedWorkID(quiz), .quiz, for: caller, once)
        let grade = try work.grade(work.score(of: answers), nil, at: now())
        let submission = try await handIn(.answers(answers), to: work, grade, by: caller, once)
        // The submission of the same request, if it was sent before.
        return QuizResult(work: work, submission: submission, grade: submission.grade ?? grade)
    }

    /// Submits a text for the instructor to grade.
    /// - Throws: as for a quiz.
    func handIn(
        _ text: String, to assignment: AssignmentID, by caller: Identity, _ once: Once
    ) async throws -> Submission {
        let work = try await work(GradedWorkID(assignment), .assignment, for: caller, once)
        return try await handIn(.text(text), to: work, nil, by: caller, once)
    }

    /// A repeated request gets its submission, although its caller may have lost the access meanwhile.
    private func work(
        _ id: GradedWorkID, _ kind: GradedWorkKind, for caller: Identity, _ once: Once
    ) async throws -> Work {
        if try await once.made(in: database) == nil { return try await work(id, kind, for: caller) }
        return try await work(id, kind)
    }

    private func handIn(
        _ content: Submission.Content, to work: Work, _ grade: Grade?, by caller: Identity, _ once: Once
    ) async throws -> Submission {
        guard let user = caller.userID else { throw AssessmentError.noAccess }
        return try await database.transaction { tx in
            try await once.run(on: tx) {
                if try await store.people.lock(user, on: tx).isErased() { throw AssessmentError.noAccess }
                let known = try await store.countAttempts(at: work.id, by: user, on: tx)
                if known >= work.attemptsMax ?? Limits.attempts.upperBound { throw AssessmentError.noAttemptsLeft }
                let time = now()
                let submission = Submission(
                    id: .make(at: time), workID: work.id, courseID: work.courseID, userID: user, attempt: known + 1,
                    content: content, submittedAt: time, grade: grade)
                try await store.insert(submission, on: tx)
                if let grade { try announce(grade, of: submission, work, on: tx) }
                return submission
            } again: { id in
                guard let known = try await store.findSubmission(id, on: tx) else { throw AssessmentError.notFound }
                return known
            }
        }
    }

    /// A quiz sends two events: submitted and graded.
    private func announce(_ grade: Grade, of submission: Submission, _ work: Work, on tx: Transaction) throws {
        try outbox.append(QuizSubmitted(grade, of: submission, work), on: tx)
        try outbox.append(AssignmentGraded(grade, of: submission, work, by: "auto"), on: tx)
    }
}

extension QuizSubmitted {
    fileprivate init(_ grade: Grade, of submission: Submission, _ work: Work) {
        self.init(
            submissionID: submission.id, quizID: QuizID(checked: work.id.rawValue), courseID: work.courseID,
            userID: submission.userID, attempt: Int32(clamping: submission.attempt), score: grade.score,
            maxScore: work.maxScore, percent: grade.percent, passed: grade.isPassed,
            submittedAt: submission.submittedAt, lessonID: work.lessonID)
    }
}

extension AssignmentGraded {
    /// - Parameter grader: the instructor's id, or "auto".
    init(_ grade: Grade, of submission: Submission, _ work: Work, by grader: String) {
        self.init(
            submissionID: submission.id, assignmentID: work.id, kind: work.kind, courseID: work.courseID,
            userID: submission.userID, score: grade.score, maxScore: work.maxScore, percent: grade.percent,
            gradedBy: grader, feedback: grade.feedback, gradedAt: grade.gradedAt, lessonID: work.lessonID,
            passed: grade.isPassed)
    }
}
