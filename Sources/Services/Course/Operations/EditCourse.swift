internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

extension Operations {
    /// Changes the description of a course.
    /// - Throws: ``CourseError``.
    func edit(
        _ id: CourseID, _ edit: OfferEdit, by caller: Identity, ifVersion isCurrent: @Sendable (Int) -> Bool
    ) async throws -> Course {
        try await database.transaction { tx in
            try await change(id, by: caller, ifVersion: isCurrent, on: tx) { whole throws(CourseError) in
                whole.course.offer = try edit.applied(to: whole.course.offer)
            }.course
        }
    }

    /// Publishes a draft. Does nothing when the course is published.
    /// - Throws: ``CourseError``, among them ``CourseError/incomplete(_:)``.
    func publish(
        _ id: CourseID, by caller: Identity, ifVersion isCurrent: @Sendable (Int) -> Bool
    ) async throws -> Course {
        try await database.transaction { tx in
            var isNew = false
            let whole = try await change(id, by: caller, ifVersion: isCurrent, on: tx) { whole throws(CourseError) in
                isNew = whole.course.status != .published
                whole.course.status = .published
                whole.course.publishedAt = whole.course.publishedAt ?? now()
            }
            if isNew { try outbox.append(CoursePublished(whole), on: tx) }
            return whole.course
        }
    }

    /// Archives a course permanently. Does nothing when it is archived.
    /// - Throws: ``CourseError``.
    func archive(
        _ id: CourseID, by caller: Identity, ifVersion isCurrent: @Sendable (Int) -> Bool
    ) async throws -> Course {
        try await database.transaction { tx in
            try await change(id, by: caller, ifVersion: isCurrent, on: tx) { whole throws(CourseError) in
                whole.course.status = .archived
            }.course
        }
    }
}

extension CoursePublished {
    init(_ whole: WholeCourse) {
        let course = whole.course
        self.init(
            courseID: course.id, instructorID: course.instructorID, title: course.offer.title,
            category: course.offer.category, price: course.offer.price,
            lessonCount: Int32(whole.outline.placedLessons.count), publishedAt: course.publishedAt ?? course.updatedAt)
    }
}
