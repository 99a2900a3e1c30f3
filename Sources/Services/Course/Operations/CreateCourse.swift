internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

extension Operations {
    /// Drafts a course.
    /// - Returns: the course in its current state when the same request already created it.
    /// - Throws: ``CourseError/notAllowed`` when the caller was erased meanwhile.
    func create(_ offer: CourseOffer, by instructor: UserID, _ once: Once) async throws -> Course {
        try await database.transaction { tx in
            try await once.run(on: tx) {
                if try await store.lockInstructor(instructor, on: tx) { throw CourseError.notAllowed }
                let time = now()
                let course = Course(
                    id: .make(at: time), instructorID: instructor, offer: offer, createdAt: time, updatedAt: time)
                try await store.insert(course, on: tx)
                try outbox.append(CourseCreated(course), on: tx)
                return course
            } again: { id in
                guard let course = try await store.find(id, on: tx) else { throw CourseError.notFound }
                return course
            }
        }
    }
}

extension CourseCreated {
    init(_ course: Course) {
        self.init(
            courseID: course.id, instructorID: course.instructorID, title: course.offer.title,
            category: course.offer.category, price: course.offer.price, createdAt: course.createdAt)
    }
}
