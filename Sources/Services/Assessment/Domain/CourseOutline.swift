internal import Contracts

/// As much of a course as is asked of the course service here.
struct CourseOutline: Sendable, Decodable {
    struct Lesson: Sendable, Decodable {
        let id: LessonID
        let kind: String
    }
    let id: CourseID
    let instructorID: UserID
    /// Whether everybody may know of it.
    let isPublic: Bool
    let lessons: [Lesson]

    enum CodingKeys: String, CodingKey {
        case id, isPublic, lessons
        case instructorID = "instructorId"
    }

    /// Whether a work of that kind can complete the lesson.
    func has(_ lesson: LessonID, of kind: GradedWorkKind) -> Bool {
        lessons.contains { $0.id == lesson && $0.kind == kind.rawValue }
    }
}
