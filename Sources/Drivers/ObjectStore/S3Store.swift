public import HTTP
internal import Secrets

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Objects in a bucket of S3 or a compatible server, such as MinIO or Ceph. Buckets are addressed by path.
public struct S3Store: ObjectStore {
    /// The bucket's location and the credentials.
    public struct Configuration: Sendable {
        /// `https://host:port`, without a path.
        public var endpoint: String
        public var bucket: String
        public var region: String
        public var accessKeyID: String
        public var secretAccessKey: String

        public init(endpoint: String, bucket: String, region: String, accessKeyID: String, secretAccessKey: String) {
            self.endpoint = endpoint
            self.bucket = bucket
            self.region = region
            self.accessKeyID = accessKeyID
            self.secretAccessKey = secretAccessKey
        }
    }

    /// The maximum bytes of a response that is not an object: an error or the longest listing.
    private static let answerBytesMax = 1024 * 1024
    /// The time limit up to the response head; a body may take as long as bytes keep arriving.
    private static let timeMax: Duration = .seconds(30)
    /// S3 limits presigned URLs to one week.
    private static let lifetimeSecondsMax: Int64 = 7 * 24 * 3_600

    private let configuration: Configuration
    private let host: String
    private let signer: S3Signer
    private let client: HTTPClient
    private let now: @Sendable () -> Date

    /// - Throws: ``ObjectStoreError/refused(_:)`` when the configuration is invalid.
    public init(
        _ configuration: Configuration, client: HTTPClient, now: @escaping @Sendable () -> Date
    ) throws(ObjectStoreError) {
        guard let host = configuration.endpoint.wholeMatch(of: /https?:\/\/([A-Za-z0-9.\-:\[\]]+)/)?.output.1 else {
            throw .refused("the endpoint is not the URL of a host")
        }
        guard configuration.bucket.wholeMatch(of: /[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]/) != nil else {
            throw .refused("the bucket name is invalid")
        }
        guard let secret = HMACKey(secret: "AWS4\(configuration.secretAccessKey)") else {
            throw .refused("the secret access key is too short")
        }
        self.configuration = configuration
        self.host = String(host)
        self.client = client
        self.now = now
        signer = S3Signer(
            accessKeyID: configuration.accessKeyID, secretAccessKey: secret, region: configuration.region)
    }

    public func put(
        _ body: HTTPBody, at key: ObjectKey, contentType: String, sha256: [UInt8]?
    ) async throws(ObjectStoreError) -> PutObject {
        let checked = try CheckedBody(body, sha256: sha256)
        // The body of an empty request is never read, so it is checked here.
        if checked.length == 0 { _ = try await checked.finished() }
        let sent = HTTPBody.stream(length: checked.length) { try await checked.next() }
        do throws(ObjectStoreError) {
            let response = try await send(
                .put, key: key, fields: [("content-type", contentType)], body: sent,
                payload: sha256.map(S3Signer.hex) ?? S3Signer.unsignedPayload, timeMax: nil)
            guard response.status.code == 200 else { throw await Self.failure(response) }
            return try await checked.finished()
        } catch {
            // The transfer only reports that the body ended early; the body knows the cause.
            throw checked.failure ?? error
        }
    }

    public func get(
        _ key: ObjectKey, from start: Int, countMax: Int?
    ) async throws(ObjectStoreError) -> OpenedObject? {
        if countMax == 0 {
            guard let object = try await head(key) else { return nil }
            guard start == 0 || start < object.sizeBytes else { throw .outside(sizeBytes: object.sizeBytes) }
            return OpenedObject(sizeBytes: object.sizeBytes, body: .empty)
        }
        let isWhole = start == 0 && countMax == nil
        let last = countMax.map { String(start.addingReportingOverflow($0 - 1).partialValue) } ?? ""
        let response = try await send(
            .get, key: key, fields: isWhole ? [] : [("range", "bytes=\(start)-\(last)")], timeMax: nil)
        switch response.status.code {
        case 200: return OpenedObject(sizeBytes: response.body.length ?? 0, body: response.body)
        case 206:
            guard let size = response.fields["content-range"]?.split(separator: "/").last.flatMap({ Int($0) }) else {
                throw .unavailable("the response does not contain the object's size")
            }
            return OpenedObject(sizeBytes: size, body: response.body)
        case 416: return try await getOutside(key, from: start)
        default: return try await Self.nothing(response)
        }
    }

    /// The status S3 returns for any range of an empty object, and for ranges beyond the end.
    private func getOutside(_ key: ObjectKey, from start: Int) async throws(ObjectStoreError) -> OpenedObject? {
        guard let object = try await head(key) else { return nil }
        guard start == 0 else { throw .outside(sizeBytes: object.sizeBytes) }
        return OpenedObject(sizeBytes: object.sizeBytes, body: .empty)
    }

    public func head(_ key: ObjectKey) async throws(ObjectStoreError) -> ListedObject? {
        let response = try await send(.head, key: key)
        // A response to HEAD has no body with details.
        if response.status.code == 404 { return nil }
        guard response.status.code == 200 else { throw await Self.failure(response) }
        guard let size = response.fields["content-length"].flatMap({ Int($0) }) else {
            throw .unavailable("the response does not contain the object's size")
        }
        return ListedObject(key: key, sizeBytes: size)
    }

    public func delete(_ key: ObjectKey) async throws(ObjectStoreError) {
        let response = try await send(.delete, key: key)
        if response.status.code != 204 { let _: Never? = try await Self.nothing(response) }
    }

    public func list(
        prefix: String, after last: ObjectKey?, countMax: Int
    ) async throws(ObjectStoreError) -> [ListedObject] {
        var query = [("list-type", "2"), ("max-keys", String(countMax)), ("prefix", prefix)]
        if let last { query.append(("start-after", last.text)) }
        let response = try await send(.get, query: query)
        guard response.status.code == 200 else { throw await Self.failure(response) }
        do {
            return S3Listing.objects(
                in: String(decoding: try await response.body.collect(bytesMax: Self.answerBytesMax), as: UTF8.self))
        } catch {
            throw .unavailable("the listing was incomplete")
        }
    }

    public func address(of key: ObjectKey, for lifetime: Duration) -> String? {
        let path = path(of: key)
        let seconds = min(max(1, lifetime.components.seconds), Self.lifetimeSecondsMax)
        return "\(configuration.endpoint)\(path)?\(signer.query(host: host, path: path, seconds: seconds, at: now()))"
    }

    public func check() async throws(ObjectStoreError) {
        let response = try await send(.head)
        if response.status.code == 404 { throw .refused("there is no bucket of that name") }
        if response.status.code == 200 { return }
        // A response to HEAD has no body: a listing's tells the reason.
        let listing = try await send(.get, query: [("list-type", "2"), ("max-keys", "1")])
        throw await Self.failure(listing.status.code == 200 ? response : listing)
    }

    // MARK: Requests

    private func path(of key: ObjectKey?) -> String {
        // Bucket names and keys contain no characters that need escaping.
        "/\(configuration.bucket)" + (key.map { "/\($0.text)" } ?? "")
    }

    private func send(
        _ method: HTTPMethod, key: ObjectKey? = nil, query: [(String, String)] = [], fields: [(String, String)] = [],
        body: HTTPBody = .empty, payload: String = S3Signer.hex(SHA256.digest("")), timeMax: Duration? = timeMax
    ) async throws(ObjectStoreError) -> HTTPClientResponse {
        let path = path(of: key)
        var request = HTTPClientRequest(
            method, configuration.endpoint + path + (query.isEmpty ? "" : "?\(S3Signer.escaped(query))"), body: body)
        let proof = signer.fields(
            method, host: host, path: path, query: query, fields: fields, payload: payload, at: now())
        for (name, value) in fields + proof { request.fields.add(name, value) }
        do {
            return try await client.send(request, timeout: timeMax)
        } catch .cancelled {
            throw .cancelled
        } catch .invalidRequest {
            throw .refused("the address of the bucket is invalid")
        } catch {
            throw .unavailable("\(error)")
        }
    }

    // MARK: Responses

    /// nil when the response says that the object does not exist.
    private static func nothing<Object>(_ response: HTTPClientResponse) async throws(ObjectStoreError) -> Object? {
        let error = await failure(response)
        if response.status.code == 404, error == .refused("404 NoSuchKey") { return nil }
        throw error
    }

    /// Maps any other response to an error.
    private static func failure(_ response: HTTPClientResponse) async -> ObjectStoreError {
        let status = response.status.code
        let bytes = (try? await response.body.collect(bytesMax: answerBytesMax)) ?? []
        let code = S3Listing.texts(of: "Code", in: String(decoding: bytes, as: UTF8.self)).first
        let reason = [String(status), code.map(String.init)].compactMap(\.self).joined(separator: " ")
        let isForLater = status >= 500 || status == 429 || code == "RequestTimeout" || code == "RequestTimeTooSkewed"
        return isForLater ? .unavailable(reason) : .refused(reason)
    }
}
