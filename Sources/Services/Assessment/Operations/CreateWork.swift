internal import Contracts
internal import Platform
internal import Postgres

extension Operations {
    /// Adds a quiz or an assignment to a course.
    /// - Throws: ``AssessmentError/notFound`` for a course that is not the caller's, ``AssessmentError/unknownLesson``.
    func create(
        _ draft: WorkDraft, in course: CourseID, by caller: Identity, _ once: Once
    ) async throws -> Work {
        let outline = try await self.course(course, taughtBy: caller)
        let work = draft.work(in: course, at: now())
        if let lesson = work.lessonID, !outline.has(lesson, of: work.kind) { throw AssessmentError.unknownLesson }
        return try await database.transaction { tx in
            try await once.run(on: tx) {
                try await store.insert(work, on: tx)
                return work
            } again: { id in
                guard let known = try await store.findWork(id, on: tx) else { throw AssessmentError.notFound }
                return known
            }
        }
    }

    /// A work, for learners and instructors of its course.
    /// - Throws: ``AssessmentError/notFound``, ``AssessmentError/noAccess``.
    func work(_ id: GradedWorkID, _ kind: GradedWorkKind, for caller: Identity) async throws -> Work {
        let work = try await work(id, kind)
        try await checkAccess(to: work.courseID, for: caller)
        return work
    }

    /// - Throws: ``AssessmentError/notFound``.
    func work(_ id: GradedWorkID, _ kind: GradedWorkKind) async throws -> Work {
        guard let work = try await store.findWork(id, on: database), work.kind == kind else {
            throw AssessmentError.notFound
        }
        return work
    }

    /// The works of a course, newest first.
    /// - Throws: ``AssessmentError/notFound``, ``AssessmentError/noAccess``.
    func works(
        in course: CourseID, _ kind: GradedWorkKind, for caller: Identity, _ page: PageRequest<GradedWorkID>
    ) async throws -> Page<Work> {
        try await checkAccess(to: course, for: caller)
        let found = try await store.listWorks(
            in: course, kind, before: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.id)
    }
}
