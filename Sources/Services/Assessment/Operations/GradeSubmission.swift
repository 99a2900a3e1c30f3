internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// Grades a submission, or changes its grade. An equal grade changes nothing and sends no event.
    /// - Parameter isCurrent: whether a version of the submission is the one the caller read.
    /// - Throws: ``AssessmentError/notFound``, also in another instructor's course; ``AssessmentError/scoreOutOfRange(max:)``;
    ///   ``AssessmentError/changedMeanwhile``.
    func grade(
        _ id: SubmissionID, _ score: Double, _ feedback: String?, by caller: Identity,
        ifVersion isCurrent: @Sendable (Int) -> Bool
    ) async throws -> Submission {
        guard let grader = caller.userID, let known = try await store.findSubmission(id, on: database),
            let work = try await store.findWork(known.workID, on: database), work.kind == .assignment
        else { throw AssessmentError.notFound }
        _ = try await course(work.courseID, taughtBy: caller)
        let grade = try work.grade(score, feedback, at: now())
        return try await database.transaction { tx in
            guard var submission = try await store.lockSubmission(id, on: tx) else { throw AssessmentError.notFound }
            guard isCurrent(submission.version) else { throw AssessmentError.changedMeanwhile }
            if submission.grade?.isSame(as: grade) == true { return submission }
            submission.grade = grade
            submission.version += 1
            store.update(grade, of: submission, on: tx)
            try outbox.append(AssignmentGraded(grade, of: submission, work, by: grader.rawValue), on: tx)
            return submission
        }
    }

    /// A submission, for its author and its graders.
    /// - Throws: ``AssessmentError/notFound``.
    func submission(_ id: SubmissionID, for caller: Identity) async throws -> Submission {
        guard let submission = try await store.findSubmission(id, on: database) else { throw AssessmentError.notFound }
        if submission.userID != caller.userID { _ = try await course(submission.courseID, taughtBy: caller) }
        return submission
    }

    /// The submissions of an assignment, newest first: all for graders, their own for learners.
    /// - Throws: ``AssessmentError/notFound``; ``AssessmentError/noAccess`` when the caller is neither a learner nor an instructor of the
    ///   course.
    func submissions(
        of assignment: AssignmentID, for caller: Identity, _ page: PageRequest<SubmissionID>
    ) async throws -> Page<Submission> {
        guard let work = try await store.findWork(GradedWorkID(assignment), on: database) else {
            throw AssessmentError.notFound
        }
        let isTeacher = try await findCourse(work.courseID).map { caller.mayTeach(as: $0.instructorID) } ?? false
        let found = try await store.listSubmissions(
            of: work.id, by: isTeacher ? nil : caller.userID, before: page.cursor, countMax: page.soughtCount,
            on: database)
        if found.isEmpty, !isTeacher { try await checkAccess(to: work.courseID, for: caller) }
        return Page(found, of: page, by: \.id)
    }

    /// The best grades of all learners of a course.
    /// - Throws: ``AssessmentError/notFound``, also for another instructor's course.
    func gradebook(
        of course: CourseID, for caller: Identity, _ page: PageRequest<UserID>
    ) async throws -> Page<GradebookLine> {
        _ = try await self.course(course, taughtBy: caller)
        let found = try await store.listGradebook(
            of: course, after: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.userID)
    }

    /// Erases a person: answers, texts, feedback, and the link from scores to the person.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) { store.deleteLearner(user, at: time, on: tx) }
}
