internal import Contracts
internal import Platform
internal import Postgres

extension Operations {
    // MARK: Sections

    /// Appends a section to a course.
    /// - Throws: ``CourseError``.
    func addSection(
        _ title: String, to course: CourseID, by caller: Identity, ifVersion isCurrent: @Sendable (Int) -> Bool,
        _ once: Once
    ) async throws -> PlacedSection {
        try await database.transaction { tx in
            try await once.run(on: tx) {
                let section = Section(id: .make(at: now()), title: title)
                return try await change(course, by: caller, ifVersion: isCurrent, on: tx) {
                    whole throws(CourseError) in
                    try whole.outline.append(section)
                }.outline.find(section.id)
            } again: { id in
                try await store.findOutline(of: course, on: tx).find(id)
            }
        }
    }

    /// - Throws: ``CourseError``.
    func edit(
        _ id: SectionID, of course: CourseID, _ edit: SectionEdit, by caller: Identity,
        ifVersion isCurrent: @Sendable (Int) -> Bool
    ) async throws -> PlacedSection {
        try await database.transaction { tx in
            try await change(course, by: caller, ifVersion: isCurrent, on: tx) { whole throws(CourseError) in
                try whole.outline.edit(id, edit)
            }.outline.find(id)
        }
    }

    /// - Throws: ``CourseError``, among them ``CourseError/sectionNotEmpty``.
    func remove(
        _ id: SectionID, of course: CourseID, by caller: Identity, ifVersion isCurrent: @Sendable (Int) -> Bool
    ) async throws {
        try await database.transaction { tx in
            _ = try await change(course, by: caller, ifVersion: isCurrent, on: tx) { whole throws(CourseError) in
                try whole.outline.remove(id)
            }
        }
    }

    // MARK: Lessons

    /// Appends a lesson to a section.
    /// - Throws: ``CourseError``.
    func addLesson(
        _ draft: LessonDraft, to course: CourseID, by caller: Identity, ifVersion isCurrent: @Sendable (Int) -> Bool,
        _ once: Once
    ) async throws -> PlacedLesson {
        try await database.transaction { tx in
            try await once.run(on: tx) {
                let lesson = Lesson(draft, id: .make(at: now()))
                return try await change(course, by: caller, ifVersion: isCurrent, on: tx) {
                    whole throws(CourseError) in
                    try whole.outline.append(lesson, to: draft.sectionID)
                }.outline.find(lesson.id)
            } again: { id in
                try await store.findOutline(of: course, on: tx).find(id)
            }
        }
    }

    /// - Throws: ``CourseError``.
    func edit(
        _ id: LessonID, of course: CourseID, _ edit: LessonEdit, by caller: Identity,
        ifVersion isCurrent: @Sendable (Int) -> Bool
    ) async throws -> PlacedLesson {
        try await database.transaction { tx in
            try await change(course, by: caller, ifVersion: isCurrent, on: tx) { whole throws(CourseError) in
                try whole.outline.edit(id, edit)
            }.outline.find(id)
        }
    }

    /// - Throws: ``CourseError``; ``CourseError/incomplete(_:)`` when a published course requires the lesson.
    func remove(
        _ id: LessonID, of course: CourseID, by caller: Identity, ifVersion isCurrent: @Sendable (Int) -> Bool
    ) async throws {
        try await database.transaction { tx in
            _ = try await change(course, by: caller, ifVersion: isCurrent, on: tx) { whole throws(CourseError) in
                try whole.outline.remove(id)
            }
        }
    }
}
