internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A learner's review of a course.
struct Review: Sendable, Equatable, Identifiable {
    let id: ReviewID
    let courseID: CourseID
    /// nil after the author's erasure: the review is kept.
    let authorID: UserID?
    var words: ReviewWords
    /// Increases with every change; the `ETag`.
    var version = 1
    let createdAt: Date
    var updatedAt: Date

    /// The path in the API.
    static func path(of id: ReviewID) -> String { "/reviews/\(id)" }
}

struct ReviewWords: Sendable, Equatable {
    /// Stars.
    static let ratings = 1...5
    /// In characters.
    static let textLengthMax = 5_000

    var rating: Int
    /// May be empty.
    var text: String
}

/// Changes of a review; nil leaves a field unchanged.
struct ReviewEdit: Sendable {
    var rating: Int?
    var text: String?

    func applied(to words: ReviewWords) -> ReviewWords {
        ReviewWords(rating: rating ?? words.rating, text: text ?? words.text)
    }
}
