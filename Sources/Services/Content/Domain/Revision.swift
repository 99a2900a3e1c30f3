internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A version of a lesson's content.
struct Revision: Sendable, Equatable {
    /// Only the last hundred revisions of a lesson are kept.
    static let keptCountMax = 100

    /// Counted from 1; 0 for a lesson without content.
    let number: Int
    let markdown: String
    let writtenAt: Date?

    static let none = Revision(number: 0, markdown: "", writtenAt: nil)
}

/// A revision in a list.
struct RevisionEntry: Sendable, Equatable {
    let number: Int
    let writtenAt: Date
}

/// A lesson as shown to a reader.
struct LessonPage: Sendable {
    let revision: Revision
    let html: String
    let media: [Medium]
    /// Whether the reader may see the source text.
    let isEditable: Bool
}
