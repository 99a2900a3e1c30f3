import Contracts
import Foundation
import HTTP
import HubTesting
import ObjectStore
import Platform
import Secrets
import ServiceTesting
import Synchronization
import Testing

@testable import Media

/// The media service, with a course service that knows one course, and a content service.
struct MediaWorld {
    static let course = CourseID(checked: "crs_1")
    static let lesson = LessonID(checked: "lsn_1")
    static let teacher = UserID(checked: "usr_teacher")

    let service: TestService<MediaService>
    let content: Content

    /// The media of whose deletion the content service was told.
    final class Content: Sendable {
        private let state = Mutex<[String]>([])

        var forgotten: [String] { state.withLock { $0 } }

        func forget(_ id: String) { state.withLock { $0.append(id) } }
    }

    /// - Parameter hold: a gate that objects wait at before they are stored, and the ends of their keys.
    static func with(
        settings: [String: String] = [:], holding hold: (gate: Gate, keyEnds: [String])? = nil,
        _ body: @escaping @Sendable (MediaWorld) async throws -> Void
    ) async throws {
        let directory = ServiceDirectory(), clock = TestClock(), content = Content()
        try await TestService<MediaService>.with(
            settings: settings, clock: clock, directory: directory,
            making: { context in
                guard let hold else { return try MediaService(context) }
                let objects = HeldStore(store: context.objects, gate: hold.gate, keyEnds: hold.keyEnds)
                return try MediaService(context.with(objects))
            }
        ) { service in
            try await Neighbours.with([.course, .content], in: directory, clock: clock) { routes in
                routes.get("/internal/courses/{id}", .service(.media)) { request in
                    guard request.http.pathParameters["id"] == course.rawValue else { throw Problem.notFound }
                    return try .ok(["instructorId": teacher.rawValue])
                }
                routes.get("/internal/lessons/{id}", .service(.media)) { _ in
                    try .ok(["courseId": course.rawValue, "instructorId": teacher.rawValue])
                }
                routes.delete("/internal/media/{id}", .service(.media)) { request in
                    content.forget(request.http.pathParameters["id"] ?? "")
                    return .noContent
                }
            } _: {
                try await body(MediaWorld(service: service, content: content))
            }
        }
    }

    static func person(_ id: UserID = teacher, _ role: Role = .instructor) -> Identity {
        .user(id, role: role, session: "s")
    }

    static func hex(_ bytes: [UInt8]) -> String {
        SHA256.digest(bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    func announce(
        _ bytes: [UInt8], as type: String = "application/pdf", more: String = "", by identity: Identity = person(),
        key: String? = nil, sizeBytes: Int? = nil
    ) async throws -> TestAnswer {
        let json = """
            {"fileName": "a file", "contentType": "\(type)", "sizeBytes": \(sizeBytes ?? bytes.count),
            "sha256": "\(Self.hex(bytes))"\(more)}
            """
        return try await service.send(
            .post, "/media", as: identity, json: json, fields: key.map { ["idempotency-key": $0] } ?? [:])
    }

    func put(_ bytes: [UInt8], _ number: Int, of id: String, by identity: Identity = person()) async throws
        -> TestAnswer
    {
        let target = "/media/\(id)/parts/\(number)"
        let header = service.context.seal.header(for: identity, method: "PUT", target: target, body: nil)
        return try await TestAnswer(
            await service.router.respond(
                to: HTTPRequest(.put, target, fields: [IdentitySeal.fieldName: header], body: .bytes(bytes))))
    }

    func complete(_ id: String, by identity: Identity = person()) async throws -> TestAnswer {
        try await service.send(.post, "/media/\(id)/complete", as: identity)
    }

    func medium(_ id: String, by identity: Identity = person()) async throws -> TestAnswer {
        try await service.send(.get, "/media/\(id)", as: identity)
    }

    func delete(_ id: String, by identity: Identity = person()) async throws -> TestAnswer {
        try await service.send(.delete, "/media/\(id)", as: identity)
    }

    /// Uploads a file in parts and has it completed.
    func upload(_ bytes: [UInt8], as type: String = "application/pdf", more: String = "") async throws -> String {
        let id = try #require(try await announce(bytes, as: type, more: more)["id"])
        let half = bytes.count / 2
        #expect(try await put(Array(bytes[half...]), 2, of: id).status == 204)
        #expect(try await put(Array(bytes[..<half]), 1, of: id).status == 204)
        #expect(try await complete(id).status == 202)
        return id
    }

    /// Delivers the upload event to the transcoder, and runs its tasks.
    func transcode() async throws {
        for envelope in try await service.published(MediaUploaded.self) { try await service.deliver(envelope.data) }
        try await service.runTasks()
    }

    func objects() async throws -> [String] {
        try await service.context.objects.list(prefix: "media/", after: nil, countMax: 100).map(\.key.text)
    }

    /// Stores an object as a process does that is killed before it notices that the medium was deleted.
    func store(_ key: String) async throws {
        try await service.context.objects.put([1], at: try ObjectKey(key), contentType: "image/jpeg")
    }

    static let pdf = Array("%PDF-1.7 and so on, for a while".utf8)
}

/// An object store that reads some bodies completely, and stores them only after a gate is open.
private struct HeldStore: ObjectStore {
    let store: any ObjectStore
    let gate: Gate
    let keyEnds: [String]

    func put(
        _ body: HTTPBody, at key: ObjectKey, contentType: String, sha256: [UInt8]?
    ) async throws(ObjectStoreError) -> PutObject {
        guard keyEnds.contains(where: key.text.hasSuffix) else {
            return try await store.put(body, at: key, contentType: contentType, sha256: sha256)
        }
        let bytes: [UInt8]
        do { bytes = try await body.collect(bytesMax: 1_000) } catch { throw .bodyInterrupted }
        await gate.wait()
        return try await store.put(.bytes(bytes), at: key, contentType: contentType, sha256: sha256)
    }

    func get(_ key: ObjectKey, from start: Int, countMax: Int?) async throws(ObjectStoreError) -> OpenedObject? {
        try await store.get(key, from: start, countMax: countMax)
    }

    func head(_ key: ObjectKey) async throws(ObjectStoreError) -> ListedObject? { try await store.head(key) }

    func delete(_ key: ObjectKey) async throws(ObjectStoreError) { try await store.delete(key) }

    func list(prefix: String, after last: ObjectKey?, countMax: Int) async throws(ObjectStoreError) -> [ListedObject] {
        try await store.list(prefix: prefix, after: last, countMax: countMax)
    }

    func address(of key: ObjectKey, for lifetime: Duration) -> String? { store.address(of: key, for: lifetime) }

    func check() async throws(ObjectStoreError) { try await store.check() }
}

extension ServiceContext {
    /// The same context with another object store.
    fileprivate func with(_ objects: any ObjectStore) -> ServiceContext {
        ServiceContext(
            name: name, settings: settings, loops: loops, blockingPool: blockingPool, database: database,
            outbox: outbox, http: http, services: services, seal: seal, objects: objects, logger: logger,
            metrics: metrics, cache: cache, clock: clock, uptime: uptime)
    }
}
