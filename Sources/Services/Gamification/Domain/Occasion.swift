internal import Contracts

/// An action of a learner that rules may reward.
struct Occasion: Sendable, Equatable {
    /// The raw value is stored in the table of rules, so it must not change.
    enum Kind: String, Sendable, CaseIterable {
        case registration, enrollment, progress, completion, quiz, assignment
    }

    var kind: Kind
    var userID: UserID
    /// The object of the action. A rule rewards it once, even if several events report it.
    var subject: String
    /// The progress or score from 0 to 100; nil where that does not apply.
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

    /// nil for a quiz: its submission is rewarded instead.
    init?(_ event: AssignmentGraded) {
        guard event.kind == .assignment else { return nil }
        self.init(
            kind: .assignment, userID: event.userID, subject: event.assignmentID.rawValue,
            percent: Self.sane(event.percent), courseID: event.courseID)
    }

    /// PostgreSQL sorts NaN above all numbers.
    private static func sane(_ percent: Double) -> Double { percent.isFinite ? percent : 0 }
}
