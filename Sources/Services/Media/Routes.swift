internal import Contracts
internal import HTTP
internal import ObjectStore
internal import Platform

struct MediaRoutes: Sendable {
    let operations: Operations

    func add(to routes: inout Routes) {
        routes.postOnce("/media", .instructor, announce)
        routes.putStream("/media/{id}/parts/{number}", .instructor, bodyBytesMax: Medium.partBytesMax, putPart)
        routes.post("/media/{id}/complete", .instructor, complete)
        routes.get("/media/{id}", .instructor, medium)
        routes.delete("/media/{id}", .instructor, delete)
        routes.get("/media/files/{id}/{name}", .anyone, query: ["expires", "signature"], file)
        routes.get("/internal/lessons/{id}/media", .service(.content), mediaOfLesson)
    }

    // MARK: Uploading

    struct AnnouncementBody: RequestBody {
        let file: Announcement

        init(_ fields: inout BodyFields) {
            let type = fields.choice("contentType", of: MediaType.self, else: .pdf)
            let sha256 = fields.string("sha256", length: 64...64).lowercased()
            if !sha256.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) {
                fields.complain("sha256", "must be 64 hexadecimal digits")
            }
            file = Announcement(
                fileName: fields.string("fileName", length: Medium.fileNameLength), type: type,
                sizeBytes: fields.int("sizeBytes", in: 1...type.sizeBytesMax), sha256: sha256,
                place: MediaPlace(courseID: fields.optionalID("courseId"), lessonID: fields.optionalID("lessonId")))
        }
    }

    struct AnnouncedView: Encodable {
        let id: String
        let partBytesMax = Medium.partBytesMax
    }

    func announce(_ request: Request, _ once: Once) async throws -> Response {
        let body = try await request.body(as: AnnouncementBody.self)
        let medium = try await operations.announce(body.file, by: request.identity, request.user, once)
        return try .created(AnnouncedView(id: medium.id.rawValue), at: "/media/\(medium.id)")
    }

    func putPart(_ request: Request) async throws -> Response {
        let id = try request.id("id", as: MediaID.self)
        guard let number = request.http.pathParameters["number"].flatMap({ Int($0) }),
            Medium.partNumbers.contains(number)
        else { throw MediaError.notFound }
        try await operations.put(request.http.body, as: number, of: id, by: request.identity)
        return .noContent
    }

    struct StateView: Encodable {
        let id, status: String
    }

    func complete(_ request: Request) async throws -> Response {
        let medium = try await operations.complete(request.id("id", as: MediaID.self), by: request.identity)
        return try .accepted(StateView(id: medium.id.rawValue, status: medium.state.rawValue))
    }

    func delete(_ request: Request) async throws -> Response {
        try await operations.delete(request.id("id", as: MediaID.self), by: request.identity)
        return .noContent
    }

    // MARK: Reading

    struct MediumView: Encodable {
        let id, status: String
        let error: String?
        let durationSeconds: Double?
        let renditions: [RenditionView]
    }

    struct RenditionView: Encodable {
        let name, contentType, url: String
        let width, height: Int?
    }

    func medium(_ request: Request) async throws -> Response {
        let (medium, renditions) = try await operations.find(request.id("id", as: MediaID.self), for: request.identity)
        return try .ok(
            MediumView(
                id: medium.id.rawValue, status: medium.state.rawValue, error: medium.error,
                durationSeconds: medium.durationSeconds,
                renditions: renditions.map { view(of: $0, of: medium.id) }))
    }

    private func view(of rendition: Rendition, of id: MediaID) -> RenditionView {
        RenditionView(
            name: rendition.name, contentType: rendition.contentType, url: operations.path(of: rendition, of: id),
            width: rendition.width, height: rendition.height)
    }

    func file(_ request: Request) async throws -> Response {
        let (address, signature) = try Self.address(request)
        let (rendition, secondsLeft) = try await operations.open(address, signature: signature)
        return try await request.object(
            try .init(rendition.key), in: operations.objects,
            fields: [
                "content-type": rendition.contentType, "cache-control": "private, max-age=\(secondsLeft), immutable",
            ])
    }

    // MARK: For the hub's other services

    struct LessonMediumView: Encodable {
        let id: String
        let renditions: [RenditionView]
    }

    /// The renditions of a lesson's media with signed URLs, for readers permitted by the content service.
    func mediaOfLesson(_ request: Request) async throws -> Response {
        let media = try await operations.media(of: request.id("id", as: LessonID.self))
        let views = media.map { medium in
            LessonMediumView(
                id: medium.id.rawValue, renditions: medium.renditions.map { view(of: $0, of: medium.id) })
        }
        return try .ok(["items": views])
    }

    private static func address(_ request: Request) throws -> (SignedAddress, signature: String) {
        let id = try request.id("id", as: MediaID.self)
        guard let name = request.http.pathParameters["name"], let signature = request.http.query("signature"),
            let expiresAt = request.http.query("expires").flatMap({ Int($0) })
        else { throw MediaError.badAddress }
        return (SignedAddress(id, name, expiresAt: expiresAt), signature)
    }
}

extension MediaError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound
        case .notAllowed: .notAllowed
        case .alreadyComplete:
            Problem(
                .conflict, "already-complete", detail: "The upload is complete; start another one for another file.")
        case .partsTooLarge:
            Problem(
                .conflict, "parts-too-large", detail: "With this part, the parts would exceed the announced size.")
        case .beingAssembled: .tooBusy(retryAfterSeconds: 5)
        case .partsMissing:
            Problem(
                .conflict, "parts-missing", detail: "The total size of the parts does not match the announced size.")
        case .wrongChecksum:
            Problem(.conflict, "wrong-checksum", detail: "The SHA-256 of the parts does not match. Send them again.")
        case .wrongType:
            Problem(.conflict, "wrong-type", detail: "The content of the file does not have the announced type.")
        case .tooManyUploads:
            Problem(
                .conflict, "too-many-uploads",
                detail: "Complete some of your uploads first; at most \(Medium.uploadsPerPersonMax) may be incomplete.")
        case .quotaExceeded(let bytesMax):
            Problem(
                .conflict, "quota-exceeded",
                detail:
                    "Your files would exceed your quota of \(bytesMax >> 30) GiB. Incomplete uploads are deleted after a day; "
                    + "an operator can raise the quota.")
        case .badAddress:
            Problem(.forbidden, "bad-address", detail: "The address was altered or has expired. Request it again.")
        }
    }
}
