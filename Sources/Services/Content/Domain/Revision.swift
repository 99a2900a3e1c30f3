internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What a lesson said at a time.
struct Revision: Sendable, Equatable {
    /// Older ones than the last hundred of a lesson are forgotten.
    static let keptCountMax = 100

    /// From 1; 0 stands for a lesson nobody has written yet.
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

/// A lesson as it is shown.
struct LessonPage: Sendable {
    let revision: Revision
    let html: String
    let media: [Medium]
    /// Whether the reader may have the text it was written in.
    let isEditable: Bool
}
