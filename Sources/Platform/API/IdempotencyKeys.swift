internal import Contracts
internal import HTTP
internal import Postgres
internal import Secrets

/// Honours `Idempotency-Key` on the routes of ``Routes/postOnce(_:_:_:)``; the operation behind such a route acts through ``Once``.
///
/// A key belongs to its sender. Nothing is kept that says whose it was or what it asked for: codes that only the hub's secret makes,
/// and the id of what was made. So there is nothing to erase with a person, and a repeated request is answered with what it made as
/// that is by then.
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

    /// What the operation of `request` is given.
    /// - Throws: 400 for a key that is not visible ASCII, 413.
    func once(_ request: Request) async throws -> Once {
        guard let key = try Self.key(of: request) else { return Once(nil) }
        let body = try await request.bytes(max: Routes.bodyBytesMax)
        let claim = Once.Claim(
            digest: digests.code(for: "\(Self.sender(of: request))\n\(key)"),
            fingerprint: fingerprints.code(for: Array("\(request.http.method) \(request.http.target)\n".utf8) + body))
        return Once(claim)
    }

    /// Two keys that differ in any way are two keys: what has no one spelling as text is none.
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

    /// Forgets old keys.
    static func removeExpired(on database: Database, stepCountMax: Int = removalCountMax) async throws {
        try await database.delete(
            from: "idempotency_key",
            where: "claimed_at < statement_timestamp() - make_interval(secs => \(Double(keptSeconds)))",
            stepCountMax: stepCountMax)
    }
}
