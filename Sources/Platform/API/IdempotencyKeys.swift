internal import Contracts
internal import HTTP
internal import Postgres
internal import Secrets

/// Implements `Idempotency-Key` for routes of ``Routes/postOnce(_:_:_:)``; their operations act through ``Once``.
///
/// A key belongs to its sender. Stored are codes computed with the hub's secret, and the id of the created object, but neither the
/// sender nor the request. Erasing a person therefore needs no step here. A repeated request gets the created object in its
/// current state.
struct IdempotencyKeys: Sendable {
    static let fieldName = "idempotency-key"
    static let keyBytesMax = 255
    static let keptSeconds = 86_400
    static let removalCountMax = 5_000

    private let digests: HMACKey
    private let fingerprints: HMACKey

    init(_ seal: IdentitySeal) {
        digests = seal.key(for: "idempotency-key")
        fingerprints = seal.key(for: "idempotency-fingerprint")
    }

    /// Creates the ``Once`` of a request.
    /// - Throws: 400 for a key that is not visible ASCII, 413.
    func once(_ request: Request) async throws -> Once {
        guard let key = try Self.key(of: request) else { return Once(nil) }
        let body = try await request.bytes(max: Routes.bodyBytesMax)
        let claim = Once.Claim(
            digest: digests.code(for: "\(Self.sender(of: request))\n\(key)"),
            fingerprint: fingerprints.code(for: Array("\(request.http.method) \(request.http.target)\n".utf8) + body))
        return Once(claim)
    }

    /// Visible ASCII: other text can have several encodings, and keys are compared exactly.
    private static func key(of request: Request) throws(Problem) -> String? {
        let keys = request.http.fields.values(of: fieldName)
        guard let key = keys.first else { return nil }
        guard keys.count == 1, (1...keyBytesMax).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .badIdempotencyKey }
        return key
    }

    private static func sender(of request: Request) -> String {
        switch request.identity {
        case .user(let id, _, _): id.rawValue
        case .service(let name): "service:\(name)"
        case .anonymous: "address:\(request.http.fields["x-forwarded-for"] ?? request.http.remoteAddress)"
        }
    }

    /// Deletes old keys.
    static func removeExpired(on database: Database, stepCountMax: Int = removalCountMax) async throws {
        try await database.delete(
            from: "idempotency_key",
            where: "claimed_at < statement_timestamp() - make_interval(secs => \(Double(keptSeconds)))",
            stepCountMax: stepCountMax)
    }
}
