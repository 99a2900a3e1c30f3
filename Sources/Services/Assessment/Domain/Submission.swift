internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What a learner handed in.
struct Submission: Sendable, Equatable, Identifiable {
    let id: SubmissionID
    let workID: GradedWorkID
    let courseID: CourseID
    let userID: UserID
    /// From 1.
    let attempt: Int
    let content: Content
    let submittedAt: Date
    /// nil while nobody has graded it.
    var grade: Grade?
    /// Rises with every grade; the `ETag`.
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

    /// Whether it says the same, whenever it was given.
    func isSame(as other: Grade) -> Bool { score == other.score && feedback == other.feedback }
}

/// A quiz as it was handed in and graded.
struct QuizResult: Sendable {
    let work: Work
    let submission: Submission
    let grade: Grade
}

/// The best of a learner's grades in a work.
struct BestGrade: Sendable, Equatable {
    let workID: GradedWorkID
    let score: Double
    let percent: Double
    let isPassed: Bool
}

/// A learner's line in the gradebook.
struct GradebookLine: Sendable, Equatable {
    let userID: UserID
    var grades: [BestGrade]
}
