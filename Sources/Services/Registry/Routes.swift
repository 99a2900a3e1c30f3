internal import Avro
internal import EventLoop
internal import HTTP
internal import Observability
internal import Platform
internal import Postgres
internal import SchemaRegistry

/// The REST API of Confluent's schema registry, version 1.
struct RegistryRoutes: Sendable {
    let registry: PostgresSchemaRegistry
    let access: WriteAccess

    func router(logger: Logger, metrics: Metrics) -> Router {
        var routes = AnsweredRoutes(access: access, logger: logger, metrics: metrics)
        routes.read(.get, "/") { _ in [String: String]() }
        routes.read(.get, "/contexts") { _ in ["."] }
        addSubjects(to: &routes)
        addSchemas(to: &routes)
        addRules(to: &routes)
        return routes.router
    }

    private func addSubjects(to routes: inout AnsweredRoutes) {
        routes.read(.get, "/subjects", subjects)
        routes.read(.post, "/subjects/{subject}", lookUp)
        routes.write(.delete, "/subjects/{subject}", deleteSubject)
        routes.read(.get, "/subjects/{subject}/versions", versions)
        routes.write(.post, "/subjects/{subject}/versions", register)
        routes.read(.get, "/subjects/{subject}/versions/{version}", version)
        routes.write(.delete, "/subjects/{subject}/versions/{version}", deleteVersion)
        routes.read(.get, "/subjects/{subject}/versions/{version}/schema", schemaOfVersion)
        routes.read(.get, "/subjects/{subject}/versions/{version}/referencedby", references)
        routes.read(.post, "/compatibility/subjects/{subject}/versions", test)
        routes.read(.post, "/compatibility/subjects/{subject}/versions/{version}", test)
    }

    private func addSchemas(to routes: inout AnsweredRoutes) {
        routes.read(.get, "/schemas", schemas)
        routes.read(.get, "/schemas/types") { _ in ["AVRO"] }
        routes.read(.get, "/schemas/ids/{id}", schema)
        routes.read(.get, "/schemas/ids/{id}/schema", schemaText)
        routes.read(.get, "/schemas/ids/{id}/subjects", subjectsOfSchema)
        routes.read(.get, "/schemas/ids/{id}/versions", versionsOfSchema)
    }

    private func addRules(to routes: inout AnsweredRoutes) {
        for pattern in ["/config", "/config/{subject}"] {
            routes.read(.get, pattern, compatibility)
            routes.write(.put, pattern, setCompatibility)
            routes.write(.delete, pattern, removeCompatibility)
        }
        for pattern in ["/mode", "/mode/{subject}"] {
            routes.read(.get, pattern, mode)
            routes.write(.put, pattern, setMode)
            routes.write(.delete, pattern, removeMode)
        }
    }

    // MARK: Subjects and versions

    private func subjects(_ request: RegistryRequest) async throws -> [String] {
        try await registry.subjects(
            withPrefix: SubjectName.prefix(request.query("subjectPrefix")), deleted: request.deleted,
            page: try request.page(limitMax: RegistryRequest.namesMax))
    }

    private func versions(_ request: RegistryRequest) async throws -> [Int32] {
        try await registry.versionNumbers(
            of: try request.subject, deleted: request.deleted,
            page: try request.page(limitMax: RegistryRequest.namesMax))
    }

    private func version(_ request: RegistryRequest) async throws -> VersionView {
        VersionView(
            try await registry.version(try request.version, of: try request.subject, deleted: request.deleted))
    }

    private func schemaOfVersion(_ request: RegistryRequest) async throws -> SchemaText {
        SchemaText(
            try await registry.version(try request.version, of: try request.subject, deleted: request.deleted).text)
    }

    /// Always empty, because references are not supported.
    private func references(_ request: RegistryRequest) async throws -> [Int32] {
        _ = try await registry.version(try request.version, of: try request.subject, deleted: .shown)
        return []
    }

    private func lookUp(_ request: RegistryRequest) async throws -> VersionView {
        let subject = try request.subject
        let text = try await reading(request) { $0.schema.normalText }
        if let found = try await registry.version(with: text, in: subject, deleted: request.deleted) {
            return VersionView(found)
        }
        _ = try await registry.versionNumbers(of: subject, deleted: request.deleted, page: ListPage())
        throw RegistryRefusal.schemaNotFound
    }

    private func register(_ request: RegistryRequest) async throws -> [String: Int32] {
        let subject = try request.subject
        let sent = try await reading(request) { $0 }
        return ["id": try await registry.register(sent.schema, subject: subject, as: sent.version).id]
    }

    private func deleteSubject(_ request: RegistryRequest) async throws -> [Int32] {
        try await registry.delete(subject: try request.subject, permanently: request.flag("permanent"))
    }

    private func deleteVersion(_ request: RegistryRequest) async throws -> Int32 {
        try await registry.delete(
            try request.version, of: try request.subject, permanently: request.flag("permanent"))
    }

    // MARK: Schemas

    private func schemas(_ request: RegistryRequest) async throws -> [VersionView] {
        try await registry.versions(
            ofSubjectsWithPrefix: SubjectName.prefix(request.query("subjectPrefix")), deleted: request.deleted,
            latestOnly: request.flag("latestOnly"), page: try request.page(limitMax: RegistryRequest.schemasMax),
            bytesMax: RegistryRequest.schemaBytesMax
        ).map(VersionView.init)
    }

    private struct SchemaView: Encodable {
        let schema: String
        let maxId: Int32?
    }

    private func schema(_ request: RegistryRequest) async throws -> SchemaView {
        SchemaView(
            schema: try await places(request).text,
            maxId: request.flag("fetchMaxId") ? try await registry.highestID() : nil)
    }

    private func schemaText(_ request: RegistryRequest) async throws -> SchemaText {
        SchemaText(try await places(request).text)
    }

    private func subjectsOfSchema(_ request: RegistryRequest) async throws -> [String] {
        try await shownPlaces(request).map(\.subject)
    }

    private struct PlaceView: Encodable {
        let subject: String
        let version: Int32
    }

    private func versionsOfSchema(_ request: RegistryRequest) async throws -> [PlaceView] {
        try await shownPlaces(request).map { PlaceView(subject: $0.subject, version: $0.version) }
    }

    /// A deleted schema is still returned by its id.
    private func places(_ request: RegistryRequest) async throws -> (text: String, versions: [StoredVersion]) {
        let id = try request.id
        let versions = try await registry.versions(withID: id)
        guard let first = versions.first else { throw RegistryError.schemaNotFound(id) }
        return (first.text, versions)
    }

    private func shownPlaces(_ request: RegistryRequest) async throws -> [StoredVersion] {
        let (page, subject) = (try request.page(limitMax: RegistryRequest.namesMax), request.query("subject"))
        return try await places(request).versions
            .filter { !$0.isDeleted || request.deleted != .hidden }.filter { subject == nil || $0.subject == subject }
            .dropFirst(Int(clamping: page.offset)).prefix(Int(clamping: page.limit)).map { $0 }
    }

    // MARK: Compatibility

    private struct TestView: Encodable {
        let is_compatible: Bool
        let messages: [String]?
    }

    private func test(_ request: RegistryRequest) async throws -> TestView {
        let (subject, isVerbose) = (try request.subject, request.flag("verbose"))
        let version = request.hasVersion ? try request.version : nil
        let schema: Schema
        do {
            schema = try await reading(request) { $0.schema }
        } catch let error as RegistryError where isVerbose && error.code == 42201 {
            return TestView(is_compatible: false, messages: [error.message])
        }
        let reasons = try await registry.incompatibilities(of: schema, subject: subject, with: version)
        return TestView(is_compatible: reasons.isEmpty, messages: isVerbose ? reasons : nil)
    }

    private func compatibility(_ request: RegistryRequest) async throws -> [String: String] {
        let subject = try request.subjectIfAny
        if let subject, !request.flag("defaultToGlobal") {
            guard let own = try await registry.compatibilitySet(for: subject) else {
                throw RegistryError.compatibilityNotSet(subject)
            }
            return ["compatibilityLevel": own.rawValue]
        }
        return ["compatibilityLevel": try await registry.compatibility(of: subject).rawValue]
    }

    private func setCompatibility(_ request: RegistryRequest) async throws -> [String: String] {
        let (subject, wanted) = (try request.subjectIfAny, try CompatibilityRequest(try await request.body()))
        _ = try await registry.setCompatibility(wanted.compatibility, of: subject)
        return ["compatibility": wanted.compatibility.rawValue]
    }

    private func removeCompatibility(_ request: RegistryRequest) async throws -> [String: String] {
        let subject = try request.subjectIfAny
        let before = try await registry.setCompatibility(nil, of: subject)
        if let subject, before == nil { throw RegistryRefusal.subjectNotFound(subject) }
        return ["compatibilityLevel": (before ?? PostgresSchemaRegistry.compatibilityStandard).rawValue]
    }

    // MARK: Modes

    private func mode(_ request: RegistryRequest) async throws -> [String: String] {
        let subject = try request.subjectIfAny
        if let subject, !request.flag("defaultToGlobal") {
            guard let own = try await registry.modeSet(for: subject) else { throw RegistryError.modeNotSet(subject) }
            return ["mode": own.rawValue]
        }
        return ["mode": try await registry.mode(of: subject).rawValue]
    }

    private func setMode(_ request: RegistryRequest) async throws -> [String: String] {
        let (subject, wanted) = (try request.subjectIfAny, try ModeRequest(try await request.body()))
        if subject != nil, wanted.mode == .readOnlyOverride {
            throw RegistryError.invalidMode("READONLY_OVERRIDE is for all subjects, PUT /mode")
        }
        _ = try await registry.setMode(wanted.mode, of: subject)
        return ["mode": wanted.mode.rawValue]
    }

    private func removeMode(_ request: RegistryRequest) async throws -> [String: String] {
        let subject = try request.subjectIfAny
        let before = try await registry.setMode(nil, of: subject)
        if let subject, before == nil { throw RegistryRefusal.subjectNotFound(subject) }
        return ["mode": (before ?? .readWrite).rawValue]
    }

    private func reading<Result: Sendable>(
        _ request: RegistryRequest, _ use: @escaping @Sendable (SchemaRequest) throws -> Result
    ) async throws -> Result {
        let body = try await request.body()
        return try await registry.burning { try use(try SchemaRequest(body)) }
    }
}

private struct VersionView: Encodable {
    let subject: String
    let version: Int32
    let id: Int32
    let schema: String

    init(_ version: StoredVersion) {
        subject = version.subject
        self.version = version.version
        id = version.id
        schema = version.text
    }
}

extension RegistryError {
    /// Details of unexpected errors are not returned to clients.
    init(answering error: any Error) {
        switch error {
        case let error as RegistryError: self = error
        case let refusal as RegistryRefusal: self.init(refusal)
        case HTTPBodyError.tooLarge(let bytesMax): self.init(413, "The body may have at most \(bytesMax) bytes")
        case is HTTPBodyError: self.init(400, "The body is incomplete")
        case is BlockingPool.Refusal: self.init(503, "The registry is busy; try again shortly")
        case is PostgresError: self.init(50001, "Error in the backend data store")
        default: self.init(500, "Internal Server Error")
        }
    }
}
