/// The requirements for publishing a course, which also apply while it is published.
struct PublishChecklist {
    /// A missing requirement, as a field and a message that follows its name.
    enum Item: Sendable, Equatable {
        case description
        case lessons

        var field: String {
            switch self {
            case .description: "description"
            case .lessons: "lessons"
            }
        }

        var message: String {
            switch self {
            case .description: "must not be empty"
            case .lessons: "must have at least one lesson"
            }
        }
    }

    let missing: [Item]

    init(_ whole: WholeCourse) {
        var missing: [Item] = []
        if whole.course.offer.description.isEmpty { missing.append(.description) }
        if whole.outline.placedLessons.isEmpty { missing.append(.lessons) }
        self.missing = missing
    }

    /// - Throws: ``CourseError/incomplete(_:)`` with all missing requirements.
    func check() throws(CourseError) {
        if !missing.isEmpty { throw .incomplete(missing) }
    }
}
