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
    /// Records a learner's progress in a lesson. Equal or lower progress changes nothing.
    /// - Throws: ``EnrollmentError/notFound``, ``EnrollmentError/notActive``, ``EnrollmentError/gradedLesson``,
    ///   ``EnrollmentError/unknownLesson``.
    func record(_ report: ProgressReport, by user: UserID) async throws -> Enrollment {
        let known = try await enrollment(report.enrollmentID, of: user)
        guard known.state.isOpen else { throw EnrollmentError.notActive }
        let outline = try await outline(of: known.courseID, having: report.lessonID)
        guard let lesson = outline[report.lessonID] else { throw EnrollmentError.unknownLesson }
        if lesson.kind.isGraded { throw EnrollmentError.gradedLesson }
        return try await database.transaction { tx in
            guard let enrollment = try await store.lock(known.id, on: tx) else { throw EnrollmentError.notFound }
            guard enrollment.state.isOpen else { throw EnrollmentError.notActive }
            guard report.percent > 0, try await store.raiseProgress(report, at: now(), on: tx) else {
                return enrollment.current(in: outline, try await store.findRecord(of: enrollment.id, on: tx))
            }
            return try await assess(enrollment, by: outline, because: report.lessonID, isProgress: true, on: tx)
        }
    }

    /// Stores the grade of a lesson if it is better than earlier ones, even without an enrolment. No other service is called here: a task
    /// checks whether the grade completes the course.
    func keep(
        _ grade: Grade, of user: UserID, in course: CourseID, _ lesson: LessonID?, because event: EventID,
        on tx: Transaction
    ) async throws {
        guard let lesson, try await !store.people.lock(user, on: tx).isErased(),
            try await store.raiseGrade(grade, of: user, in: course, lesson, on: tx),
            let enrollment = try await store.findOpen(user, in: course, on: tx), enrollment.state == .active
        else { return }
        try tasks.enqueue(
            AssessEnrollment(enrollmentID: enrollment.id, lessonID: lesson), key: "\(enrollment.id).\(event)", on: tx)
    }

    /// Checks whether grades complete the course.
    func assess(_ task: AssessEnrollment, _ run: TaskRun) async throws {
        guard let known = try await store.find(task.enrollmentID, on: database), known.state == .active else { return }
        let outline = try await outline(of: known.courseID, having: task.lessonID)
        try await database.transaction { tx in
            if let enrollment = try await store.lock(known.id, on: tx) {
                _ = try await assess(enrollment, by: outline, because: task.lessonID, on: tx)
            }
            try await run.finish(on: tx)
        }
    }

    /// Compares a learner's progress with the course's requirements, and sends events about changes. The enrolment is locked.
    /// - Parameter isProgress: whether to send an event even if the total progress is unchanged.
    private func assess(
        _ known: Enrollment, by outline: Outline, because lesson: LessonID?, isProgress: Bool = false,
        on tx: Transaction
    ) async throws -> Enrollment {
        let record = try await store.findRecord(of: known.id, on: tx)
        let time = now()
        var enrollment = known
        enrollment.take(outline.standing(of: record), finalScore: outline.finalScore(of: record), at: time)
        if enrollment != known { store.update(enrollment, on: tx) }
        if isProgress || enrollment != known {
            try outbox.append(ProgressUpdated(enrollment, lesson, at: time), on: tx)
        }
        if enrollment.state != known.state, let completed = EnrollmentCompleted(enrollment) {
            try outbox.append(completed, on: tx)
        }
        return enrollment
    }
}

/// The task of reassessing an enrolment after a grade. The kind must not change.
struct AssessEnrollment: TaskPayload {
    static let kind = "assess-enrollment"
    let enrollmentID: EnrollmentID
    /// The graded lesson; nil for all lessons graded before the enrolment.
    var lessonID: LessonID?
}

extension ProgressUpdated {
    fileprivate init(_ enrollment: Enrollment, _ lesson: LessonID?, at time: Date) {
        let standing = enrollment.standing
        self.init(
            enrollmentID: enrollment.id, userID: enrollment.userID, courseID: enrollment.courseID, lessonID: lesson,
            completedLessons: Int32(clamping: standing.completedLessons),
            totalLessons: Int32(clamping: standing.totalLessons), percent: standing.percent, updatedAt: time)
    }
}

extension EnrollmentCompleted {
    /// nil until completed.
    fileprivate init?(_ enrollment: Enrollment) {
        guard let completedAt = enrollment.completedAt else { return nil }
        self.init(
            enrollmentID: enrollment.id, userID: enrollment.userID, courseID: enrollment.courseID,
            completedAt: completedAt, finalScore: enrollment.finalScore, duration: enrollment.duration)
    }
}
