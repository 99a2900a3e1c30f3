/// What a course must have to be published, and keep while it is.
struct PublishChecklist {
    /// One thing that is missing, as a field and a message that follows its name.
    enum Item: Sendable, Equatable {
        case description
        case lesson
        /// Without one, nobody could ever complete the course.
        case requiredLesson

        var field: String { self == .description ? "description" : "lessons" }

        var message: String {
            switch self {
            case .description: "must not be empty"
            case .lesson: "must have at least one lesson"
            case .requiredLesson: "must have at least one lesson that is required"
            }
        }
    }

    let missing: [Item]

    init(_ whole: WholeCourse) {
        let lessons = whole.outline.placedLessons.map(\.lesson)
        var missing: [Item] = []
        if whole.course.offer.description.isEmpty { missing.append(.description) }
        if lessons.isEmpty {
            missing.append(.lesson)
        } else if !lessons.contains(where: \.isRequired) {
            missing.append(.requiredLesson)
        }
        self.missing = missing
    }

    /// - Throws: ``CourseError/incomplete(_:)`` with everything that is missing.
    func check() throws(CourseError) {
        if !missing.isEmpty { throw .incomplete(missing) }
    }
}
