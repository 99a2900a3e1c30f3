import Contracts
import Foundation
import HTTP
import HubTesting
import ObjectStore
import Platform
import Secrets
import ServiceTesting
import Testing

@testable import Media

/// The media service, with a course service that knows one course.
struct MediaWorld {
    static let course = CourseID(checked: "crs_1")
    static let lesson = LessonID(checked: "lsn_1")
    static let teacher = UserID(checked: "usr_teacher")

    let service: TestService<MediaService>

    static func with(
        settings: [String: String] = [:], _ body: @escaping @Sendable (MediaWorld) async throws -> Void
    ) async throws {
        let directory = ServiceDirectory(), clock = TestClock()
        try await TestService<MediaService>.with(settings: settings, clock: clock, directory: directory) { service in
            try await Neighbours.with([.course], in: directory, clock: clock) { routes in
                routes.get("/internal/courses/{id}", .service(.media)) { request in
                    guard request.http.pathParameters["id"] == course.rawValue else { throw Problem.notFound }
                    return try .ok(["instructorId": teacher.rawValue])
                }
                routes.get("/internal/lessons/{id}", .service(.media)) { _ in
                    try .ok(["courseId": course.rawValue, "instructorId": teacher.rawValue])
                }
            } _: {
                try await body(MediaWorld(service: service))
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
        key: String? = nil
    ) async throws -> TestAnswer {
        let json = """
            {"fileName": "a file", "contentType": "\(type)", "sizeBytes": \(bytes.count),
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

    static let pdf = Array("%PDF-1.7 and so on, for a while".utf8)
}
