internal import Contracts
internal import Platform
internal import Postgres

extension Operations {
    /// A visible course with its outline. The public form is cached.
    /// - Throws: ``CourseError/notFound``.
    func show(
        _ id: CourseID, to caller: Identity, as encode: @escaping @Sendable (WholeCourse) throws -> [UInt8]
    ) async throws -> ShownCourse {
        do {
            let bytes = try await cache.value("shown:\(id)", of: id.rawValue, for: ShownCourse.keptTime) {
                let whole = try await find(id)
                guard whole.course.isPublic else { throw NotForAll(whole: whole) }
                return ShownCourse(version: whole.course.version, json: try encode(whole)).bytes
            }
            guard let shown = ShownCourse(bytes: bytes) else { throw CourseError.notFound }
            return shown
        } catch let found as NotForAll {
            let whole = found.whole
            guard caller.maySee(whole.course) else { throw CourseError.notFound }
            return ShownCourse(version: whole.course.version, json: try encode(whole))
        }
    }

    private struct NotForAll: Error {
        let whole: WholeCourse
    }

    /// - Throws: ``CourseError/notFound``.
    func find(_ id: CourseID) async throws -> WholeCourse {
        // The course is read first: if both change in between, the view has the older version, so that an edit based on it is
        // refused.
        guard let course = try await store.find(id, on: database) else { throw CourseError.notFound }
        return WholeCourse(course: course, outline: try await store.findOutline(of: id, on: database))
    }

    /// A lesson and its course.
    /// - Throws: ``CourseError/notFound``.
    func find(_ id: LessonID) async throws -> (course: Course, lesson: Lesson) {
        guard let found = try await store.findLesson(id, on: database) else { throw CourseError.notFound }
        return found
    }

    /// Newest first.
    /// - Parameter instructor: nil for all instructors.
    func list(of instructor: UserID?, _ page: PageRequest<CourseID>) async throws -> Page<Course> {
        let found = try await store.list(
            of: instructor, before: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.id)
    }

    /// The number of published courses by each value of each filter.
    func facets(of search: CatalogueSearch) async throws -> CatalogueFacets {
        try await store.countFacets(search, on: database)
    }

    /// Published courses.
    func search(_ search: CatalogueSearch, _ page: PageRequest<CataloguePlace>) async throws -> Page<CatalogueEntry> {
        let found = try await store.listCatalogue(
            search, after: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.place)
    }
}
