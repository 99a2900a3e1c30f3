internal import Contracts

/// Something a learner did that rules may reward.
struct Occasion: Sendable, Equatable {
    /// The text names it in the table of rules: frozen.
    enum Kind: String, Sendable, CaseIterable {
        case registration, enrollment, progress, completion, quiz, assignment
    }

    var kind: Kind
    var userID: UserID
    /// What was done. A rule rewards it once, whatever and however often events tell of it.
    var subject: String
    /// How far or how well it was done, from 0 to 100; nil where that means nothing.
    var percent: Double?
    var courseID: CourseID?
}

extension Occasion {
    init(_ event: UserRegistered) {
        self.init(kind: .registration, userID: event.userID, subject: event.userID.rawValue)
    }

    init(_ event: EnrollmentCreated) {
        self.init(
            kind: .enrollment, userID: event.userID, subject: event.enrollmentID.rawValue, courseID: event.courseID)
    }

    init(_ event: ProgressUpdated) {
        self.init(
            kind: .progress, userID: event.userID, subject: event.enrollmentID.rawValue,
            percent: Self.sane(event.percent), courseID: event.courseID)
    }

    init(_ event: EnrollmentCompleted) {
        self.init(
            kind: .completion, userID: event.userID, subject: event.enrollmentID.rawValue, courseID: event.courseID)
    }

    init(_ event: QuizSubmitted) {
        self.init(
            kind: .quiz, userID: event.userID, subject: event.quizID.rawValue, percent: Self.sane(event.percent),
            courseID: event.courseID)
    }

    /// Nil for a quiz: its points come with its submission.
    init?(_ event: AssignmentGraded) {
        guard event.kind == .assignment else { return nil }
        self.init(
            kind: .assignment, userID: event.userID, subject: event.assignmentID.rawValue,
            percent: Self.sane(event.percent), courseID: event.courseID)
    }

    /// PostgreSQL holds what is no number for more than any number.
    private static func sane(_ percent: Double) -> Double { percent.isFinite ? percent : 0 }
}
