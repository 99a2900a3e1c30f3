internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What a learner says of a course.
struct Review: Sendable, Equatable, Identifiable {
    let id: ReviewID
    let courseID: CourseID
    /// Nil once the author is erased: what they said stays.
    let authorID: UserID?
    var words: ReviewWords
    /// Rises with every change; the `ETag`.
    var version = 1
    let createdAt: Date
    var updatedAt: Date

    /// Where the API shows a review.
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

/// What is changed of a review; nil leaves a part as it is.
struct ReviewEdit: Sendable {
    var rating: Int?
    var text: String?

    func applied(to words: ReviewWords) -> ReviewWords {
        ReviewWords(rating: rating ?? words.rating, text: text ?? words.text)
    }
}
