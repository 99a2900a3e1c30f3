internal import Contracts
internal import EventLoop
internal import HTTP
public import Postgres
internal import Secrets

/// Honours `Idempotency-Key`: the same key with the same request gets the same answer, however often it is sent.
///
/// A key belongs to its sender and is claimed before the work begins. What is kept is how the work came out, a refusal by the state of
/// things (`email-taken`) included. A failure of ours gives the claim back, and so does a request that is refused before it begins:
/// whoever puts it right sends it with the same key. A claim whose process died counts as given back after ``claimSecondsMax``; what
/// must not happen twice even then has a unique key of its own in the service's tables. Keys are forgotten after ``keptSeconds``.
///
/// A client that goes away ends nothing here: the work goes on to its end, and its answer is there when the client asks again.
public struct IdempotencyKeys: Sendable {
    static let fieldName = "idempotency-key"
    static let keyBytesMax = 255
    static let bodyBytesMax = 1024 * 1024
    static let claimSecondsMax = 60
    static let keptSeconds = 86_400

    public static let migrations = MigrationHistory(
        component: "platform",
        [
            Migration(
                id: "platform-001-idempotency",
                sql: """
                    create table idempotency_key (
                        sender text not null,
                        key text not null,
                        fingerprint bytea not null,
                        claimed_at timestamptz not null default clock_timestamp(),
                        status int,
                        content_type text,
                        location text,
                        body bytea,
                        primary key (sender, key)
                    );
                    create index idempotency_key_claimed_at on idempotency_key (claimed_at);
                    """)
        ])

    private let database: Database
    private let loops: EventLoopGroup
    /// A body may hold a password, which a digest that anyone can make would give away to whoever guesses at it.
    private let fingerprints: HMACKey

    init(_ database: Database, _ loops: EventLoopGroup, _ seal: IdentitySeal) {
        self.database = database
        self.loops = loops
        fingerprints = seal.key(for: "idempotency-fingerprint")
    }

    /// Answers `request` by `handler`, or with the answer it had before.
    /// - Throws: 422 when the key came before with another request, 409 while the first one is still at work.
    func answer(_ request: Request, _ handler: @escaping Routes.Handler) async throws -> Response {
        guard let key = request.http.fields[Self.fieldName] else { return try await handler(request) }
        guard (1...Self.keyBytesMax).contains(key.utf8.count) else { throw Problem.badIdempotencyKey }
        let sender = Self.sender(of: request)
        let body = try await request.bytes(max: Self.bodyBytesMax)
        let fingerprint = fingerprints.code(for: Array("\(request.http.method) \(request.http.target)\n".utf8) + body)
        var http = request.http
        http.body = .bytes(body)
        let whole = Request(http, identity: request.identity)
        return try await shielded {
            if let known = try await claim(sender, key, fingerprint) { return known }
            return try await answer(whole, sender, key, handler)
        }
    }

    private func answer(
        _ request: Request, _ sender: String, _ key: String, _ handler: Routes.Handler
    ) async throws -> Response {
        do {
            let response = try await handler(request)
            try await store(response, sender, key)
            return response
        } catch {
            let problem = Problem(error)
            if problem.isOurFault || problem.isOfTheRequest {
                try await release(sender, key)
            } else {
                try await store(problem.response(), sender, key)
            }
            throw error
        }
    }

    /// Runs `body` to its end even when this task is cancelled meanwhile, for as long as a claim holds.
    private func shielded(_ body: @escaping @Sendable () async throws -> Response) async throws -> Response {
        let loop = loops.next()
        let task = loop.start("a request with Idempotency-Key", body)
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            loop.execute { _ = try? loop.schedule(after: .seconds(Self.claimSecondsMax)) { task.cancel() } }
        }
    }

    /// Forgets old keys.
    func removeExpired() async throws {
        try await database.execute(
            """
            delete from idempotency_key
            where claimed_at < statement_timestamp() - make_interval(secs => \(Double(Self.keptSeconds)))
            """)
    }

    private static func sender(of request: Request) -> String {
        switch request.identity {
        case .user(let id, _, _): id.rawValue
        case .service(let name): "service:\(name)"
        case .anonymous: "address:\(request.http.fields["x-forwarded-for"] ?? request.http.remoteAddress)"
        }
    }

    /// - Returns: nil when the claim is ours, else the answer given before.
    private func claim(_ sender: String, _ key: String, _ fingerprint: [UInt8]) async throws -> Response? {
        let claimed = try await database.execute(
            """
            insert into idempotency_key as k (sender, key, fingerprint) values (\(sender), \(key), \(fingerprint))
            on conflict (sender, key) do update set claimed_at = clock_timestamp()
            where k.status is null and k.fingerprint = excluded.fingerprint
                and k.claimed_at < clock_timestamp() - make_interval(secs => \(Double(Self.claimSecondsMax)))
            """)
        if claimed == 1 { return nil }
        let rows = try await database.query(
            """
            select fingerprint, status, content_type, location, body from idempotency_key
            where sender = \(sender) and key = \(key)
            """)
        guard let row = rows.first else { throw Problem.requestInProgress }
        let (known, status, contentType, location, body) = try row.decode(
            [UInt8].self, Int?.self, String?.self, String?.self, [UInt8]?.self)
        guard known == fingerprint else { throw Problem.idempotencyKeyReused }
        guard let status else { throw Problem.requestInProgress }
        var response = Response(HTTPStatus(status), body: .bytes(body ?? []))
        response.fields["content-type"] = contentType
        response.fields["location"] = location
        response.fields["idempotent-replayed"] = "true"
        return response
    }

    private func store(_ response: Response, _ sender: String, _ key: String) async throws {
        let body = try await response.body.collect(bytesMax: Self.bodyBytesMax)
        let contentType = response.fields["content-type"], location = response.fields["location"]
        try await database.execute(
            """
            update idempotency_key set status = \(response.status.code), body = \(body),
                content_type = \(contentType as String?), location = \(location as String?)
            where sender = \(sender) and key = \(key)
            """)
    }

    private func release(_ sender: String, _ key: String) async throws {
        try await database.execute(
            "delete from idempotency_key where sender = \(sender) and key = \(key) and status is null")
    }
}

extension Problem {
    /// The request was refused for what it says, who sends it or how often, and nothing was begun. A route that has begun to act
    /// answers with none of these.
    fileprivate var isOfTheRequest: Bool {
        switch status {
        case .badRequest, .unauthorized, .forbidden, .contentTooLarge, .unsupportedMediaType, .unprocessableContent,
            .tooManyRequests:
            true
        default: false
        }
    }

    static let badIdempotencyKey = Problem(
        .badRequest, "bad-idempotency-key",
        detail: "Idempotency-Key must have 1 to \(IdempotencyKeys.keyBytesMax) characters.")
    static let idempotencyKeyReused = Problem(
        .unprocessableContent, "idempotency-key-reused",
        detail: "This Idempotency-Key came before with another request. Use a new key for a new request.")
    static let requestInProgress = Problem(
        .conflict, "request-in-progress", detail: "A request with this Idempotency-Key is still at work.",
        fields: ["retry-after": "1"])
}
