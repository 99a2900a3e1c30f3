internal import Contracts

/// The part of a course that is requested from the course service.
struct CourseOutline: Sendable, Decodable {
    struct Lesson: Sendable, Decodable {
        let id: LessonID
        let kind: String
    }
    let id: CourseID
    let instructorID: UserID
    /// Whether the course is public.
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
