internal import Contracts

/// The part of a course that matters here, from the course service.
struct Outline: Sendable, Equatable, Codable {
    let id: CourseID
    let instructorID: UserID
    /// Increases with every change of the course.
    let version: Int
    /// In course order.
    let lessons: [Lesson]

    struct Lesson: Sendable, Equatable, Codable {
        let id: LessonID
        let title: String
        let kind: LessonKind
        let required: Bool
    }

    enum CodingKeys: String, CodingKey {
        case id, version, lessons
        case instructorID = "instructorId"
    }

    subscript(id: LessonID) -> Lesson? { lessons.first { $0.id == id } }

    /// The lessons that complete the course: the required ones, or all if none is required.
    private var counted: [Lesson] {
        let required = lessons.filter(\.required)
        return required.isEmpty ? lessons : required
    }

    /// The progress of a learner with these records.
    func standing(of record: Record) -> Standing {
        let percents = counted.map { record.percent(of: $0) }
        let done = percents.filter { $0 >= Standing.percentMax }.count
        let mean = percents.isEmpty ? 0 : percents.reduce(0, +) / Double(percents.count)
        // Rounded down: only a complete course is 100.
        return Standing(
            percent: (mean * 100).rounded(.down) / 100, completedLessons: done, totalLessons: percents.count)
    }

    /// The mean of the best results in graded lessons; nil when there are none.
    func finalScore(of record: Record) -> Double? {
        let percents = lessons.compactMap { $0.kind.isGraded ? record.grades[$0.id]?.percent : nil }
        return percents.isEmpty ? nil : percents.reduce(0, +) / Double(percents.count)
    }
}

/// The kind of a lesson in the course service's notation; new kinds may be added.
struct LessonKind: RawRepresentable, Sendable, Hashable, Codable {
    let rawValue: String
    static let quiz = LessonKind(rawValue: "QUIZ")
    static let assignment = LessonKind(rawValue: "ASSIGNMENT")

    /// Whether only a grade completes it.
    var isGraded: Bool { self == .quiz || self == .assignment }
}
