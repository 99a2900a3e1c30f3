internal import Contracts

/// A course as the course service has it: what of it counts here.
struct Outline: Sendable, Equatable, Codable {
    let id: CourseID
    let instructorID: UserID
    /// Rises with every change of the course.
    let version: Int
    /// In the order they are taken.
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

    /// What completes the course: the required lessons, and all where none is.
    private var counted: [Lesson] {
        let required = lessons.filter(\.required)
        return required.isEmpty ? lessons : required
    }

    /// Where somebody stands who has done that.
    func standing(of record: Record) -> Standing {
        let percents = counted.map { record.percent(of: $0) }
        let done = percents.filter { $0 >= Standing.percentMax }.count
        let mean = percents.isEmpty ? 0 : percents.reduce(0, +) / Double(percents.count)
        // Downwards: nothing but everything is 100.
        return Standing(
            percent: (mean * 100).rounded(.down) / 100, completedLessons: done, totalLessons: percents.count)
    }

    /// The mean of the best results in what is graded; nil where there is none.
    func finalScore(of record: Record) -> Double? {
        let percents = lessons.compactMap { $0.kind.isGraded ? record.grades[$0.id]?.percent : nil }
        return percents.isEmpty ? nil : percents.reduce(0, +) / Double(percents.count)
    }
}

/// The kind of a lesson, by the word of the course service; new ones may come.
struct LessonKind: RawRepresentable, Sendable, Hashable, Codable {
    let rawValue: String
    static let quiz = LessonKind(rawValue: "QUIZ")
    static let assignment = LessonKind(rawValue: "ASSIGNMENT")

    /// Whether a grade completes it, and nothing else.
    var isGraded: Bool { self == .quiz || self == .assignment }
}
