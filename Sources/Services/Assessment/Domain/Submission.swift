internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A learner's submission.
struct Submission: Sendable, Equatable, Identifiable {
    let id: SubmissionID
    let workID: GradedWorkID
    let courseID: CourseID
    let userID: UserID
    /// Counted from 1.
    let attempt: Int
    let content: Content
    let submittedAt: Date
    /// nil until graded.
    var grade: Grade?
    /// Increases with every grade; the `ETag`.
    var version = 1

    enum Content: Sendable, Equatable {
        case answers([Answer])
        case text(String)
    }

    static func path(of id: SubmissionID) -> String { "/submissions/\(id)" }
}

struct Grade: Sendable, Equatable {
    let score: Double
    let percent: Double
    let isPassed: Bool
    let feedback: String?
    let gradedAt: Date

    /// Whether the grades are equal, ignoring their times.
    func isSame(as other: Grade) -> Bool { score == other.score && feedback == other.feedback }
}

/// A submitted and graded quiz.
struct QuizResult: Sendable {
    let work: Work
    let submission: Submission
    let grade: Grade
}

/// A learner's best grade in a work.
struct BestGrade: Sendable, Equatable {
    let workID: GradedWorkID
    let score: Double
    let percent: Double
    let isPassed: Bool
}

/// A learner's row in the gradebook.
struct GradebookLine: Sendable, Equatable {
    let userID: UserID
    var grades: [BestGrade]
}
