internal import Contracts

/// The facts of a lesson from the course service that decide who may read and write it.
struct LessonFacts: Sendable, Equatable {
    let id: LessonID
    let courseID: CourseID
    let instructorID: UserID
    let isFreePreview: Bool
    let courseStatus: CourseStatus
    /// Whether the course is public: it has been published, even if it was archived since.
    let isPublic: Bool
    /// The course version of these facts.
    let courseVersion: Int

    /// Whether every logged-in user may read it.
    var isOpen: Bool { isFreePreview && courseStatus == .published }
}

/// In the course service's notation.
enum CourseStatus: String, Sendable, Codable {
    case draft = "DRAFT"
    case published = "PUBLISHED"
    case archived = "ARCHIVED"
}
