internal import Contracts
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service.
struct Store: Sendable {
    // MARK: Instructors

    /// Creates the instructor's row if needed and locks it until the transaction ends.
    /// - Returns: whether they were erased.
    func lockInstructor(_ id: UserID, on tx: Transaction) async throws -> Bool {
        let rows = try await tx.query(
            """
            insert into instructor (user_id) values (\(id.rawValue))
            on conflict (user_id) do update set user_id = excluded.user_id
            returning erased_at is not null
            """)
        return try rows.first?.decode(Bool.self) ?? false
    }

    /// Inserts a tombstone, also for an unknown person, and locks it.
    func eraseInstructor(_ id: UserID, at time: Date, on tx: Transaction) async throws {
        try await tx.execute(
            """
            insert into instructor (user_id, erased_at) values (\(id.rawValue), \(time))
            on conflict (user_id) do update set erased_at = coalesce(instructor.erased_at, excluded.erased_at)
            """)
    }

    /// - Returns: the courses archived by this call.
    func archiveCourses(of instructor: UserID, at time: Date, on tx: Transaction) async throws -> [Course] {
        try await tx.query(
            """
            update course set status = 'ARCHIVED', version = version + 1, updated_at = \(time)
            where instructor_id = \(instructor.rawValue) and status <> 'ARCHIVED'
            returning \(Self.columns)
            """
        ).map(course)
    }

    // MARK: Courses

    func find(_ id: CourseID, on statements: some Statements) async throws -> Course? {
        try await statements.query("select \(Self.columns) from course where id = \(id.rawValue)").first.map(course)
    }

    /// The course with its outline, locked until the transaction ends.
    func lock(_ id: CourseID, on tx: Transaction) async throws -> Course? {
        try await tx.query("select \(Self.columns) from course where id = \(id.rawValue) for update").first.map(course)
    }

    func insert(_ course: Course, on tx: Transaction) async throws {
        let offer = course.offer
        try await tx.execute(
            """
            insert into course (id, instructor_id, status, title, description, category, level, language, prerequisites,
                price_hundredths, currency, version, created_at, updated_at)
            values (\(course.id.rawValue), \(course.instructorID.rawValue), \(course.status), \(offer.title),
                \(offer.description), \(offer.category), \(offer.level), \(offer.language), \(offer.prerequisites),
                \(offer.price.hundredths), \(offer.price.currency.rawValue), \(course.version), \(course.createdAt),
                \(course.updatedAt))
            """)
    }

    /// Stores a locked course; of its outline only the differences to `old`.
    func update(_ whole: WholeCourse, instead old: WholeCourse, on tx: Transaction) async throws {
        let (course, offer) = (whole.course, whole.course.offer)
        try await tx.execute(
            """
            update course set status = \(course.status), title = \(offer.title), description = \(offer.description),
                category = \(offer.category), level = \(offer.level), language = \(offer.language),
                prerequisites = \(offer.prerequisites), price_hundredths = \(offer.price.hundredths), currency = \(offer.price.currency.rawValue),
                version = \(course.version), updated_at = \(course.updatedAt), published_at = \(course.publishedAt as Date?),
                publication = case when \(course.publishedAt != nil)
                    then coalesce(publication, nextval('course_publication')) end
            where id = \(course.id.rawValue)
            """)
        if whole.outline != old.outline {
            updateOutline(of: course.id, whole.outline, instead: old.outline, on: tx)
        }
    }

    // MARK: Outline

    func findOutline(of id: CourseID, on statements: some Statements) async throws -> Outline {
        let rows = try await statements.query(
            """
            select s.id, s.title, l.id, l.title, l.kind, l.is_required, l.is_free_preview
            from section s left join lesson l on l.section_id = s.id
            where s.course_id = \(id.rawValue) order by s.position, l.position
            """)
        var outline = Outline()
        for row in rows {
            let (sectionID, sectionTitle, id, title, kind, isRequired, isFreePreview) = try row.decode(
                String.self, String.self, String?.self, String?.self, LessonKind?.self, Bool?.self, Bool?.self)
            if outline.sections.last?.id.rawValue != sectionID {
                outline.sections.append(Section(id: SectionID(checked: sectionID), title: sectionTitle))
            }
            guard let id, let title, let kind, let isRequired, let isFreePreview else { continue }
            outline.sections[outline.sections.count - 1].lessons.append(
                Lesson(
                    id: LessonID(checked: id), title: title, kind: kind, isRequired: isRequired,
                    isFreePreview: isFreePreview))
        }
        return outline
    }

    /// A lesson and its course.
    func findLesson(_ id: LessonID, on statements: some Statements) async throws -> (course: Course, lesson: Lesson)? {
        try await statements.query(
            """
            select \(Self.columns(of: "c")), l.title, l.kind, l.is_required, l.is_free_preview
            from lesson l join course c on c.id = l.course_id where l.id = \(id.rawValue)
            """
        ).first.map { row in
            let count = Self.columnCount
            return (
                try course(row),
                Lesson(
                    id: id, title: try row.get(count), kind: try row.get(count + 1),
                    isRequired: try row.get(count + 2), isFreePreview: try row.get(count + 3))
            )
        }
    }

    /// Writes changed rows. Lessons may move out of a deleted section, so sections are deleted last.
    private func updateOutline(of id: CourseID, _ new: Outline, instead old: Outline, on tx: Transaction) {
        let (sections, lessons) = (new.placedSections, new.placedLessons)
        upsert(sections.filter { !old.placedSections.contains($0) }, of: id, on: tx)
        upsert(lessons.filter { !old.placedLessons.contains($0) }, of: id, on: tx)
        let goneLessons = Set(old.placedLessons.map(\.id)).subtracting(lessons.map(\.id))
        tx.submit("delete from lesson where id = any(\(goneLessons.map(\.rawValue)))")
        let goneSections = Set(old.sections.map(\.id)).subtracting(sections.map(\.id))
        tx.submit("delete from section where id = any(\(goneSections.map(\.rawValue)))")
    }

    private func upsert(_ sections: [PlacedSection], of course: CourseID, on tx: Transaction) {
        if sections.isEmpty { return }
        tx.submit(
            """
            insert into section (id, course_id, title, position)
            select s.id, \(course.rawValue), s.title, s.position
            from unnest(\(sections.map(\.id.rawValue)), \(sections.map(\.section.title)),
                \(sections.map(\.position))) as s (id, title, position)
            on conflict (id) do update set title = excluded.title, position = excluded.position
            """)
    }

    private func upsert(_ lessons: [PlacedLesson], of course: CourseID, on tx: Transaction) {
        if lessons.isEmpty { return }
        tx.submit(
            """
            insert into lesson (id, course_id, section_id, title, kind, is_required, is_free_preview, position)
            select l.id, \(course.rawValue), l.section_id, l.title, l.kind, l.is_required, l.is_free_preview, l.position
            from unnest(\(lessons.map(\.id.rawValue)), \(lessons.map(\.sectionID.rawValue)),
                \(lessons.map(\.lesson.title)), \(lessons.map(\.lesson.kind)), \(lessons.map(\.lesson.isRequired)),
                \(lessons.map(\.lesson.isFreePreview)), \(lessons.map(\.position)))
                as l (id, section_id, title, kind, is_required, is_free_preview, position)
            on conflict (id) do update set section_id = excluded.section_id, title = excluded.title,
                is_required = excluded.is_required, is_free_preview = excluded.is_free_preview,
                position = excluded.position
            """)
    }

    // MARK: Lists

    /// Newest first.
    /// - Parameters:
    ///   - instructor: nil for all instructors.
    ///   - before: only courses older than this one.
    func list(
        of instructor: UserID?, before: CourseID?, countMax: Int, on statements: some Statements
    ) async throws -> [Course] {
        var sql: SQL = "select \(Self.columns) from course where true"
        if let instructor { sql = "\(sql) and instructor_id = \(instructor.rawValue)" }
        if let before { sql = "\(sql) and id < \(before.rawValue)" }
        return try await statements.query("\(sql) order by id desc limit \(countMax)").map(course)
    }

    /// Published courses.
    /// - Parameter after: only courses after this position.
    func listCatalogue(
        _ search: CatalogueSearch, after: CataloguePlace?, countMax: Int, on statements: some Statements
    ) async throws -> [CatalogueEntry] {
        let rank: SQL =
            switch search.order {
            case .bestMatch: "fit"
            case .newest: "0::bigint"
            case .price: "-price_hundredths"
            case .priceDescending: "price_hundredths"
            }
        var sql: SQL = """
            \(Self.found(search))
            select \(Self.columns(of: "f")), (select count(*) from lesson l where l.course_id = f.id), \(rank), publication
            from found f where true \(Self.filter(search, by: CatalogueFilter.allCases))
            """
        switch (after, search.order) {
        case (let after?, .newest): sql = "\(sql) and publication < \(after.publication)"
        case (let after?, _): sql = "\(sql) and (\(rank), publication) < (\(after.rank), \(after.publication))"
        case (nil, _): break
        }
        let order: SQL = search.order == .newest ? "publication desc" : "\(rank) desc, publication desc"
        return try await statements.query("\(sql) order by \(order) limit \(countMax)").map { row in
            let count = Self.columnCount
            return CatalogueEntry(
                course: try course(row), lessonCount: try row.get(count),
                place: CataloguePlace(rank: try row.get(count + 1), publication: try row.get(count + 2)))
        }
    }

    /// The number of published courses by each value of each filter, most frequent first.
    func countFacets(_ search: CatalogueSearch, on statements: some Statements) async throws -> CatalogueFacets {
        let counts = CatalogueFilter.allCases.map { filter -> SQL in
            let others = CatalogueFilter.allCases.filter { $0 != filter }
            return """
                (select \(filter.rawValue) as filter, min(\(filter.column)) as value, count(*) as count from found f
                where true \(Self.filter(search, by: others)) group by lower(\(filter.column))
                order by count(*) desc, lower(\(filter.column)) limit \(CatalogueFacets.valueCountMax))
                """
        }
        var facets = CatalogueFacets()
        let rows = try await statements.query(
            "\(Self.found(search)) \(counts[0]) union all \(counts[1]) union all \(counts[2])")
        for row in rows {
            let (filter, value, count) = try row.decode(CatalogueFilter.self, String.self, Int.self)
            let found = CatalogueFacets.Count(value: value, count: count)
            switch filter {
            case .category: facets.categories.append(found)
            case .level: facets.levels.append(found)
            case .language: facets.languages.append(found)
            }
        }
        return facets
    }

    /// The matching courses as `found`, with their relevance as `fit`.
    private static func found(_ search: CatalogueSearch) -> SQL {
        guard let text = search.text else {
            return "with found as (select *, 0::bigint as fit from course where status = 'PUBLISHED')"
        }
        return """
            with sought as (
                select websearch_to_tsquery('simple', \(text)) || websearch_to_tsquery('english', \(text)) as words
            ), found as (
                select c.*, (ts_rank(c.words, q.words) * 1000000)::bigint as fit
                from course c, sought q where c.status = 'PUBLISHED' and c.words @@ q.words
            )
            """
    }

    private static func filter(_ search: CatalogueSearch, by filters: [CatalogueFilter]) -> SQL {
        var sql: SQL = ""
        for filter in filters {
            if let wanted = filter.wanted(search) { sql = "\(sql) and lower(\(filter.column)) = lower(\(wanted))" }
        }
        return sql
    }

    // MARK: Rows

    private static let columnNames = [
        "id", "instructor_id", "status", "title", "description", "category", "level", "language", "price_hundredths",
        "currency", "version", "created_at", "updated_at", "published_at", "prerequisites",
    ]
    private static let columnCount = columnNames.count
    private static let columns = SQL(raw: columnNames.joined(separator: ", "))

    private static func columns(of alias: String) -> SQL {
        SQL(raw: columnNames.map { "\(alias).\($0)" }.joined(separator: ", "))
    }

    private func course(_ row: Row) throws -> Course {
        let (
            id, instructor, status, title, description, category, level, language, hundredths, currency, version,
            createdAt, updatedAt, publishedAt, prerequisites
        ) = try row.decode(
            String.self, String.self, CourseStatus.self, String.self, String.self, String.self, String.self,
            LanguageTag.self, Int64.self, String.self, Int.self, Date.self, Date.self, Date?.self, [String].self)
        guard let currency = Currency(rawValue: currency), let price = Money(hundredths: hundredths, currency: currency)
        else {
            throw PostgresError(.decoding, "no price")
        }
        return Course(
            id: CourseID(checked: id), instructorID: UserID(checked: instructor), status: status,
            offer: CourseOffer(
                title: title, description: description, category: category, level: level, language: language,
                prerequisites: prerequisites, price: price),
            version: version, createdAt: createdAt, updatedAt: updatedAt, publishedAt: publishedAt)
    }
}

/// The catalogue's filters, each by its column.
private enum CatalogueFilter: String, CaseIterable, PostgresValue {
    case category, level, language

    var column: SQL { "f.\(quoted: rawValue)" }

    func wanted(_ search: CatalogueSearch) -> String? {
        switch self {
        case .category: search.category
        case .level: search.level
        case .language: search.language
        }
    }
}

extension CourseStatus: PostgresValue {}
extension LessonKind: PostgresValue {}
extension LanguageTag: PostgresValue {}
