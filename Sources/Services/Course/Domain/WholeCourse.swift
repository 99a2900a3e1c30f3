internal import Contracts

/// A course with its outline: the unit of changes, with one version.
struct WholeCourse: Sendable, Equatable {
    var course: Course
    var outline: Outline

    /// The changed fields for events; empty when both are equal.
    func changes(to other: WholeCourse) -> [String] {
        var names = course.offer.changes(to: other.course.offer)
        if other.course.status != course.status { names.append("status") }
        if other.outline.titles != outline.titles { names.append("sections") }
        if other.outline.lessonsBySection != outline.lessonsBySection { names.append("lessons") }
        return names
    }
}

extension Outline {
    /// The ordered sections without their lessons.
    fileprivate var titles: [Section] { sections.map { Section(id: $0.id, title: $0.title) } }

    fileprivate var lessonsBySection: [SectionID: [Lesson]] {
        let filled = sections.filter { !$0.lessons.isEmpty }.map { ($0.id, $0.lessons) }
        return Dictionary(filled) { first, _ in first }
    }
}
