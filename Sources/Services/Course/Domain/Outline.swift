internal import Contracts

/// The ordered sections of a course with their lessons. Positions count from 1.
struct Outline: Sendable, Equatable {
    static let sectionCountMax = 200
    static let lessonCountMax = 1_000
    /// The maximum length of section and lesson titles in characters.
    static let titleLengthMax = 200

    var sections: [Section] = []

    // MARK: Changing

    /// Appends a section.
    mutating func append(_ section: Section) throws(CourseError) {
        guard sections.count < Self.sectionCountMax else { throw .outlineFull(countMax: Self.sectionCountMax) }
        sections.append(section)
    }

    /// Appends a lesson to a section.
    mutating func append(_ lesson: Lesson, to section: SectionID) throws(CourseError) {
        let index = try indexOfTarget(section)
        guard placedLessons.count < Self.lessonCountMax else { throw .outlineFull(countMax: Self.lessonCountMax) }
        sections[index].lessons.append(lesson)
    }

    /// Changes a section in place, or moves it.
    mutating func edit(_ id: SectionID, _ edit: SectionEdit) throws(CourseError) {
        let index = try index(of: id)
        var section = sections.remove(at: index)
        section.title = edit.title ?? section.title
        sections.insert(section, at: Self.index(of: edit.position ?? index + 1, in: sections.count))
    }

    /// Changes a lesson in place, or moves it; without a position it moves to the end of another section.
    mutating func edit(_ id: LessonID, _ edit: LessonEdit) throws(CourseError) {
        let (section, index) = try place(of: id)
        var target = section
        if let id = edit.sectionID { target = try indexOfTarget(id) }
        var lesson = sections[section].lessons.remove(at: index)
        lesson.title = edit.title ?? lesson.title
        lesson.isRequired = edit.isRequired ?? lesson.isRequired
        lesson.isFreePreview = edit.isFreePreview ?? lesson.isFreePreview
        let count = sections[target].lessons.count
        let position = edit.position ?? (target == section ? index + 1 : count + 1)
        sections[target].lessons.insert(lesson, at: Self.index(of: position, in: count))
    }

    mutating func remove(_ id: SectionID) throws(CourseError) {
        let index = try index(of: id)
        guard sections[index].lessons.isEmpty else { throw .sectionNotEmpty }
        sections.remove(at: index)
    }

    mutating func remove(_ id: LessonID) throws(CourseError) {
        let (section, index) = try place(of: id)
        sections[section].lessons.remove(at: index)
    }

    // MARK: Places

    var placedSections: [PlacedSection] {
        sections.enumerated().map { PlacedSection(section: $1, position: $0 + 1) }
    }

    /// Every lesson of the course, in order.
    var placedLessons: [PlacedLesson] {
        sections.flatMap { section in
            section.lessons.enumerated().map { PlacedLesson(lesson: $1, sectionID: section.id, position: $0 + 1) }
        }
    }

    func find(_ id: SectionID) throws(CourseError) -> PlacedSection { placedSections[try index(of: id)] }

    func find(_ id: LessonID) throws(CourseError) -> PlacedLesson {
        guard let lesson = placedLessons.first(where: { $0.id == id }) else { throw .notFound }
        return lesson
    }

    private func index(of id: SectionID) throws(CourseError) -> Int {
        guard let index = sections.firstIndex(where: { $0.id == id }) else { throw .notFound }
        return index
    }

    /// The target of a move.
    private func indexOfTarget(_ id: SectionID) throws(CourseError) -> Int {
        guard let index = sections.firstIndex(where: { $0.id == id }) else {
            throw .unacceptable(field: "sectionId", message: "is not a section of this course")
        }
        return index
    }

    private func place(of id: LessonID) throws(CourseError) -> (section: Int, index: Int) {
        for (section, entry) in sections.enumerated() {
            if let index = entry.lessons.firstIndex(where: { $0.id == id }) { return (section, index) }
        }
        throw .notFound
    }

    /// The index of a position; positions beyond the end mean the end.
    private static func index(of position: Int, in count: Int) -> Int { min(max(position - 1, 0), count) }
}

/// A part of a course.
struct Section: Sendable, Equatable, Identifiable {
    let id: SectionID
    var title: String
    var lessons: [Lesson] = []
}

/// A lesson in the outline. Its content belongs to the content and media services, its works to assessment.
struct Lesson: Sendable, Equatable, Identifiable {
    let id: LessonID
    var title: String
    /// Immutable: other services store data that depends on the kind.
    let kind: LessonKind
    /// Whether the course can be completed only with this lesson.
    var isRequired: Bool
    /// Whether it is visible without enrolment.
    var isFreePreview: Bool
}

/// The data of a new lesson.
struct LessonDraft: Sendable {
    var sectionID: SectionID
    var title: String
    var kind: LessonKind
    var isRequired: Bool
    var isFreePreview: Bool
}

extension Lesson {
    init(_ draft: LessonDraft, id: LessonID) {
        self.init(
            id: id, title: draft.title, kind: draft.kind, isRequired: draft.isRequired,
            isFreePreview: draft.isFreePreview)
    }
}

enum LessonKind: String, Sendable, CaseIterable {
    case article = "ARTICLE"
    case video = "VIDEO"
    case quiz = "QUIZ"
    case assignment = "ASSIGNMENT"
    case file = "FILE"
}

/// A section and its position.
struct PlacedSection: Sendable, Equatable, Identifiable {
    let section: Section
    let position: Int

    var id: SectionID { section.id }
}

/// A lesson and its position in its section.
struct PlacedLesson: Sendable, Equatable, Identifiable {
    let lesson: Lesson
    let sectionID: SectionID
    let position: Int

    var id: LessonID { lesson.id }
}

/// Changes of a section; nil leaves a field unchanged.
struct SectionEdit: Sendable {
    var title: String?
    var position: Int?
}

/// Changes of a lesson; nil leaves a field unchanged.
struct LessonEdit: Sendable {
    var title: String?
    var isRequired: Bool?
    var isFreePreview: Bool?
    var sectionID: SectionID?
    var position: Int?
}
