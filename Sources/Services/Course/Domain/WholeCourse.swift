internal import Contracts

/// A course with what it is made of: what is changed in one piece and has one version.
struct WholeCourse: Sendable, Equatable {
    var course: Course
    var outline: Outline

    /// What is called changed in events; empty when `other` says the same.
    func changes(to other: WholeCourse) -> [String] {
        var names = course.offer.changes(to: other.course.offer)
        if other.course.status != course.status { names.append("status") }
        if other.outline.titles != outline.titles { names.append("sections") }
        if other.outline.lessonsBySection != outline.lessonsBySection { names.append("lessons") }
        return names
    }
}

extension Outline {
    /// The sections without their lessons, in order.
    fileprivate var titles: [Section] { sections.map { Section(id: $0.id, title: $0.title) } }

    fileprivate var lessonsBySection: [SectionID: [Lesson]] {
        let filled = sections.filter { !$0.lessons.isEmpty }.map { ($0.id, $0.lessons) }
        return Dictionary(filled) { first, _ in first }
    }
}
