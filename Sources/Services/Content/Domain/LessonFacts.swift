internal import Contracts

/// What the course service says of a lesson, as far as it decides who may read and write it.
struct LessonFacts: Sendable, Equatable {
    let id: LessonID
    let courseID: CourseID
    let instructorID: UserID
    let isFreePreview: Bool
    let courseStatus: CourseStatus
    /// Whether everybody may know of the course: it has been published, whatever became of it.
    let isPublic: Bool
    /// The version of the course that said so.
    let courseVersion: Int

    /// Whether it is shown to whoever is logged in.
    var isOpen: Bool { isFreePreview && courseStatus == .published }
}

/// As the course service writes it.
enum CourseStatus: String, Sendable, Codable {
    case draft = "DRAFT"
    case published = "PUBLISHED"
    case archived = "ARCHIVED"
}

/// Who asks.
struct Reader: Sendable {
    let id: UserID
    let isAdministrator: Bool

    /// Instructors write their own courses, administrators any.
    func mayEdit(_ lesson: LessonFacts) -> Bool { isAdministrator || id == lesson.instructorID }

    /// - Throws: ``ContentError/notFound`` for whoever may not even know of the lesson.
    func checkMayEdit(_ lesson: LessonFacts) throws(ContentError) {
        if !mayEdit(lesson) { throw lesson.isPublic ? .notAllowed : .notFound }
    }
}
