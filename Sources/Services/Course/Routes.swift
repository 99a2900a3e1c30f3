internal import Contracts
internal import HTTP
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

struct CourseRoutes: Sendable {
    let operations: Operations

    func add(to routes: inout Routes) {
        routes.get("/courses", .anyone, query: Self.catalogueQuery, catalogue)
        routes.get("/courses/own", .instructor, query: .page(), own)
        routes.get("/courses/{id}", .anyone, course)
        routes.postOnce("/courses", .instructor, create)
        routes.patch("/courses/{id}", .instructor, edit)
        routes.post("/courses/{id}/publish", .instructor, publish)
        routes.post("/courses/{id}/archive", .instructor, archive)
        addOutline(to: &routes)
        routes.get("/internal/courses/{id}", .services(Self.readersOfCourses), courseForServices)
        routes.get("/internal/lessons/{id}", .service(.content, .assessment, .media), lessonForServices)
    }

    private func addOutline(to routes: inout Routes) {
        routes.postOnce("/courses/{id}/sections", .instructor, addSection)
        routes.patch("/courses/{id}/sections/{sectionId}", .instructor, editSection)
        routes.delete("/courses/{id}/sections/{sectionId}", .instructor, removeSection)
        routes.postOnce("/courses/{id}/lessons", .instructor, addLesson)
        routes.patch("/courses/{id}/lessons/{lessonId}", .instructor, editLesson)
        routes.delete("/courses/{id}/lessons/{lessonId}", .instructor, removeLesson)
    }

    private static let catalogueQuery = QueryNames.page(
        and: "query", "category", "level", "language", "sort", "facets")

    private static let readersOfCourses: Set<ServiceName> = [
        .payment, .enrollment, .content, .assessment, .certificate, .review, .media,
    ]

    // MARK: Looking for courses

    struct CourseView: Encodable {
        let id, instructorId, status, title, description, category, level, language, price, currency: String
        let prerequisites: [String]
        let createdAt, updatedAt: Date
        let publishedAt: Date?
        /// Only in the catalogue.
        var lessonCount: Int?
        /// Only in the response for a single course.
        var sections: [OutlineView]?

        init(_ course: Course) {
            id = course.id.rawValue
            instructorId = course.instructorID.rawValue
            status = course.status.rawValue
            title = course.offer.title
            description = course.offer.description
            category = course.offer.category
            level = course.offer.level
            language = course.offer.language.rawValue
            prerequisites = course.offer.prerequisites
            price = course.offer.price.amount
            currency = course.offer.price.currency.rawValue
            createdAt = course.createdAt
            updatedAt = course.updatedAt
            publishedAt = course.publishedAt
        }

        init(_ entry: CatalogueEntry) {
            self.init(entry.course)
            lessonCount = entry.lessonCount
        }

        init(_ whole: WholeCourse) {
            self.init(whole.course)
            let lessons = Dictionary(grouping: whole.outline.placedLessons, by: \.sectionID)
            sections = whole.outline.placedSections.map { placed in
                OutlineView(
                    id: placed.id.rawValue, title: placed.section.title, position: placed.position,
                    lessons: (lessons[placed.id] ?? []).map(LessonView.init))
            }
        }
    }

    struct OutlineView: Encodable {
        let id, title: String
        let position: Int
        let lessons: [LessonView]
    }

    struct CatalogueView: PageView {
        struct Facets: Encodable {
            let categories, levels, languages: [CatalogueFacets.Count]
        }

        let page: Page<CourseView>
        /// Only on request.
        let facets: Facets?
    }

    func catalogue(_ request: Request) async throws -> Response {
        let (page, search) = (try request.page(by: CataloguePlace.self), try request.catalogueSearch)
        let facets = try request.wantsFacets ? try await operations.facets(of: search) : nil
        let found = try await operations.search(search, page)
        return try .page(
            CatalogueView(page: found.map { CourseView($0) }, facets: facets.map(CatalogueView.Facets.init)),
            of: request)
    }

    func own(_ request: Request) async throws -> Response {
        let page = try request.page(by: CourseID.self)
        let instructor = request.identity.isAdministrator ? nil : try request.user
        return try .page(try await operations.list(of: instructor, page).map { CourseView($0) }, of: request)
    }

    func course(_ request: Request) async throws -> Response {
        let id = try request.id("id", as: CourseID.self)
        let shown = try await operations.show(id, to: request.identity) { try HubJSON.encode(CourseView($0)) }
        var response = Response.ok(json: shown.json, version: shown.version)
        // Browsers cache it and revalidate.
        response.fields["cache-control"] = "private, no-cache"
        return response
    }

    // MARK: Offering a course

    struct CreateBody: RequestBody {
        let offer: CourseOffer

        init(_ fields: inout BodyFields) {
            offer = CourseOffer(
                title: fields.string("title", length: 1...CourseOffer.titleLengthMax),
                description: fields.optionalString("description", length: 0...CourseOffer.descriptionLengthMax) ?? "",
                category: fields.string("category", length: 1...CourseOffer.labelLengthMax),
                level: fields.string("level", length: 1...CourseOffer.labelLengthMax),
                language: fields.language(fields.string("language", length: 1...LanguageTag.bytesMax)),
                prerequisites: fields.prerequisites() ?? [],
                price: fields.price())
        }
    }

    func create(_ request: Request, _ once: Once) async throws -> Response {
        let body = try await request.body(as: CreateBody.self, bytesMax: Self.offerBytesMax)
        let course = try await operations.create(body.offer, by: request.user, once)
        return try .created(CourseView(course), at: Course.path(of: course.id))
    }

    struct EditBody: RequestBody {
        let edit: OfferEdit

        init(_ fields: inout BodyFields) {
            edit = OfferEdit(
                title: fields.optionalString("title", length: 1...CourseOffer.titleLengthMax),
                description: fields.optionalString("description", length: 0...CourseOffer.descriptionLengthMax),
                category: fields.optionalString("category", length: 1...CourseOffer.labelLengthMax),
                level: fields.optionalString("level", length: 1...CourseOffer.labelLengthMax),
                language: fields.optionalString("language", length: 1...LanguageTag.bytesMax)
                    .map { fields.language($0) },
                prerequisites: fields.prerequisites(),
                amount: fields.optionalString("price", length: BodyFields.amountLength),
                currency: fields.optionalString("currency", length: BodyFields.currencyLength))
        }
    }

    func edit(_ request: Request) async throws -> Response {
        let body = try await request.body(as: EditBody.self, bytesMax: Self.offerBytesMax)
        let course = try await operations.edit(
            request.id("id", as: CourseID.self), body.edit, by: request.identity, ifVersion: request.isExpectedVersion)
        return try .ok(CourseView(course), version: course.version)
    }

    func publish(_ request: Request) async throws -> Response {
        let course = try await operations.publish(
            request.id("id", as: CourseID.self), by: request.identity, ifVersion: request.isExpectedVersion)
        return try .ok(CourseView(course), version: course.version)
    }

    func archive(_ request: Request) async throws -> Response {
        let course = try await operations.archive(
            request.id("id", as: CourseID.self), by: request.identity, ifVersion: request.isExpectedVersion)
        return try .ok(CourseView(course), version: course.version)
    }

    // MARK: Sections

    struct SectionView: Encodable {
        let id, title: String
        let position: Int

        init(_ placed: PlacedSection) {
            id = placed.id.rawValue
            title = placed.section.title
            position = placed.position
        }
    }

    struct SectionBody: RequestBody {
        let title: String
        init(_ fields: inout BodyFields) { title = fields.string("title", length: 1...Outline.titleLengthMax) }
    }

    func addSection(_ request: Request, _ once: Once) async throws -> Response {
        let id = try request.id("id", as: CourseID.self)
        let body = try await request.body(as: SectionBody.self)
        let section = try await operations.addSection(
            body.title, to: id, by: request.identity, ifVersion: request.isExpectedVersion, once)
        return try .created(SectionView(section), at: Course.path(of: id))
    }

    struct SectionEditBody: RequestBody {
        let edit: SectionEdit

        init(_ fields: inout BodyFields) {
            edit = SectionEdit(
                title: fields.optionalString("title", length: 1...Outline.titleLengthMax),
                position: fields.optionalInt("position", in: 1...Outline.sectionCountMax))
        }
    }

    func editSection(_ request: Request) async throws -> Response {
        let id = try request.id("sectionId", as: SectionID.self)
        let body = try await request.body(as: SectionEditBody.self)
        let section = try await operations.edit(
            id, of: request.id("id", as: CourseID.self), body.edit, by: request.identity,
            ifVersion: request.isExpectedVersion)
        return try .ok(SectionView(section))
    }

    func removeSection(_ request: Request) async throws -> Response {
        try await operations.remove(
            request.id("sectionId", as: SectionID.self), of: request.id("id", as: CourseID.self), by: request.identity,
            ifVersion: request.isExpectedVersion)
        return .noContent
    }

    // MARK: Lessons

    struct LessonView: Encodable {
        let id, sectionId, title, kind: String
        let required, freePreview: Bool
        let position: Int

        init(_ placed: PlacedLesson) {
            id = placed.id.rawValue
            sectionId = placed.sectionID.rawValue
            title = placed.lesson.title
            kind = placed.lesson.kind.rawValue
            required = placed.lesson.isRequired
            freePreview = placed.lesson.isFreePreview
            position = placed.position
        }
    }

    struct LessonBody: RequestBody {
        let draft: LessonDraft

        init(_ fields: inout BodyFields) {
            draft = LessonDraft(
                sectionID: fields.id("sectionId"), title: fields.string("title", length: 1...Outline.titleLengthMax),
                kind: fields.choice("kind", of: LessonKind.self, else: .article),
                isRequired: fields.optionalBool("required") ?? true,
                isFreePreview: fields.optionalBool("freePreview") ?? false)
        }
    }

    func addLesson(_ request: Request, _ once: Once) async throws -> Response {
        let id = try request.id("id", as: CourseID.self)
        let body = try await request.body(as: LessonBody.self)
        let lesson = try await operations.addLesson(
            body.draft, to: id, by: request.identity, ifVersion: request.isExpectedVersion, once)
        return try .created(LessonView(lesson), at: Course.path(of: id))
    }

    struct LessonEditBody: RequestBody {
        let edit: LessonEdit

        init(_ fields: inout BodyFields) {
            edit = LessonEdit(
                title: fields.optionalString("title", length: 1...Outline.titleLengthMax),
                isRequired: fields.optionalBool("required"), isFreePreview: fields.optionalBool("freePreview"),
                sectionID: fields.optionalID("sectionId"),
                position: fields.optionalInt("position", in: 1...Outline.lessonCountMax))
        }
    }

    func editLesson(_ request: Request) async throws -> Response {
        let id = try request.id("lessonId", as: LessonID.self)
        let body = try await request.body(as: LessonEditBody.self)
        let lesson = try await operations.edit(
            id, of: request.id("id", as: CourseID.self), body.edit, by: request.identity,
            ifVersion: request.isExpectedVersion)
        return try .ok(LessonView(lesson))
    }

    func removeLesson(_ request: Request) async throws -> Response {
        try await operations.remove(
            request.id("lessonId", as: LessonID.self), of: request.id("id", as: CourseID.self), by: request.identity,
            ifVersion: request.isExpectedVersion)
        return .noContent
    }

    // MARK: For the hub's other services

    struct WholeView: Encodable {
        let id, instructorId, title, status, price, currency: String
        let isPublic: Bool
        let version: Int
        let lessons: [LessonView]

        init(_ whole: WholeCourse) {
            let course = whole.course
            id = course.id.rawValue
            instructorId = course.instructorID.rawValue
            title = course.offer.title
            status = course.status.rawValue
            price = course.offer.price.amount
            currency = course.offer.price.currency.rawValue
            isPublic = course.isPublic
            version = course.version
            lessons = whole.outline.placedLessons.map(LessonView.init)
        }
    }

    func courseForServices(_ request: Request) async throws -> Response {
        try .ok(WholeView(try await operations.find(request.id("id", as: CourseID.self))))
    }

    struct LessonStateView: Encodable {
        let id, courseId, instructorId, kind, courseStatus: String
        let courseVersion: Int
        let isPublic, freePreview: Bool
    }

    func lessonForServices(_ request: Request) async throws -> Response {
        let (course, lesson) = try await operations.find(request.id("id", as: LessonID.self))
        return try .ok(
            LessonStateView(
                id: lesson.id.rawValue, courseId: course.id.rawValue, instructorId: course.instructorID.rawValue,
                kind: lesson.kind.rawValue, courseStatus: course.status.rawValue, courseVersion: course.version,
                isPublic: course.isPublic, freePreview: lesson.isFreePreview))
    }
}

extension CourseRoutes {
    /// Fits the longest description in any script.
    fileprivate static let offerBytesMax = 256 * 1024
}

extension Request {
    fileprivate var catalogueSearch: CatalogueSearch {
        get throws(Problem) {
            CatalogueSearch(
                text: try text("query", lengthMax: CatalogueSearch.textLengthMax),
                category: try text("category", lengthMax: CourseOffer.labelLengthMax),
                level: try text("level", lengthMax: CourseOffer.labelLengthMax),
                language: try text("language", lengthMax: LanguageTag.bytesMax), sort: try sort)
        }
    }

    private var sort: CatalogueSort? {
        get throws(Problem) {
            guard let name = http.query("sort"), !name.isEmpty else { return nil }
            if let sort = CatalogueSort(rawValue: name) { return sort }
            let names = CatalogueSort.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidQuery("sort", "must be one of \(names)")
        }
    }

    fileprivate var wantsFacets: Bool {
        get throws(Problem) {
            switch http.query("facets") {
            case nil, "", "false": false
            case "true": true
            default: throw .invalidQuery("facets", "must be true or false")
            }
        }
    }

    /// A query parameter; nil when it is empty.
    private func text(_ name: String, lengthMax: Int) throws(Problem) -> String? {
        guard let text = http.query(name), !text.isEmpty else { return nil }
        guard text.count <= lengthMax else { throw .invalidQuery(name, "must have at most \(lengthMax) characters") }
        return text
    }
}

extension BodyFields {
    fileprivate static let amountLength = 1...20
    fileprivate static let currencyLength = 3...3

    fileprivate mutating func prerequisites() -> [String]? {
        optionalStrings(
            "prerequisites", count: 0...CourseOffer.prerequisiteCountMax, length: 1...CourseOffer.prerequisiteLengthMax)
    }

    /// The text of a language field; an empty one is already reported.
    fileprivate mutating func language(_ text: String) -> LanguageTag {
        if let tag = LanguageTag(rawValue: text) { return tag }
        if !text.isEmpty { complain("language", "must be a language tag, such as pt-BR") }
        return .english
    }

    fileprivate mutating func price() -> Money {
        let amount = string("price", length: Self.amountLength)
        let currency = string("currency", length: Self.currencyLength)
        guard !amount.isEmpty, !currency.isEmpty else { return .zero(in: .usd) }
        do throws(CourseError) {
            return try Money(price: amount, in: currency)
        } catch {
            if case .unacceptable(let field, let message) = error { complain(field, message) }
            return .zero(in: .usd)
        }
    }
}

extension CourseRoutes.CatalogueView {
    var nextCursor: String? { page.nextCursor }

    enum CodingKeys: CodingKey { case facets }

    /// The page with the facet counts.
    func encode(to encoder: any Encoder) throws {
        try page.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(facets, forKey: .facets)
    }
}

extension CourseRoutes.CatalogueView.Facets {
    init(_ facets: CatalogueFacets) {
        self.init(categories: facets.categories, levels: facets.levels, languages: facets.languages)
    }
}

extension CourseError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound
        case .notAllowed: .notAllowed
        case .changedMeanwhile: .changedMeanwhile
        case .archived: Problem(.conflict, "course-archived", detail: "An archived course cannot be changed.")
        case .sectionNotEmpty:
            Problem(.conflict, "section-not-empty", detail: "Move or remove the lessons of the section first.")
        case .outlineFull(let countMax):
            Problem(.conflict, "outline-full", detail: "A course can have at most \(countMax) of them.")
        case .incomplete(let items):
            Problem(
                .unprocessableContent, "publish-checklist",
                detail: "The course does not meet the requirements for publishing; see errors.",
                errors: items.map { .init(field: $0.field, message: $0.message) })
        case .unacceptable(let field, let message): .invalidBody([.init(field: field, message: message)])
        }
    }
}
