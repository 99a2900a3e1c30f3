internal import Contracts
internal import HTTP

/// Maps paths to services. Unlisted paths, such as internal routes, are not reachable from outside.
enum PublicPaths {
    /// The first match wins.
    static let table: [PublicPath] = [
        PublicPath("/auth/register", .user),
        PublicPath("/auth/**", .auth),
        PublicPath("/.well-known/jwks.json", .auth),
        PublicPath("/users", .user),
        PublicPath("/users/**", .user),
        PublicPath("/courses", .course),
        PublicPath("/courses/*", .course),
        PublicPath("/courses/*/publish", .course),
        PublicPath("/courses/*/archive", .course),
        PublicPath("/courses/*/sections", .course),
        PublicPath("/courses/*/sections/*", .course),
        PublicPath("/courses/*/lessons", .course),
        PublicPath("/courses/*/lessons/*", .course),
        PublicPath("/lessons/*/content", .content),
        PublicPath("/lessons/*/content/revisions", .content),
        PublicPath("/lessons/*/content/revisions/*", .content),
        PublicPath("/content/preview", .content),
        PublicPath("/courses/*/reviews", .review),
        PublicPath("/reviews/*", .review),
        PublicPath("/notifications", .notification),
        PublicPath("/notifications/**", .notification),
        PublicPath("/dev/mailbox", .notification),
        PublicPath("/dev/mailbox/*", .notification),
        PublicPath("/certificates", .certificate),
        PublicPath("/certificates/**", .certificate),
        PublicPath("/gamification/**", .gamification),
        PublicPath("/progress", .enrollment),
        PublicPath("/enrollments", .enrollment, .get),
        PublicPath("/enrollments/**", .enrollment),
        PublicPath("/courses/*/enrollments", .enrollment),
        // An enrolment may need a payment.
        PublicPath("/enrollments", .payment, .post),
        PublicPath("/payments", .payment),
        PublicPath("/payments/**", .payment),
        PublicPath("/subscriptions", .payment),
        PublicPath("/subscriptions/**", .payment),
        PublicPath("/webhooks/stripe", .payment),
        PublicPath("/media", .media),
        PublicPath("/media/files/*/*", .media, .get).downloaded(within: .seconds(3_600)),
        PublicPath("/media/*", .media),
        PublicPath("/media/*/parts/*", .media, .put).streamed(bodyBytesMax: 8 * 1024 * 1024).taking(.seconds(600)),
        // Merges the upload's parts.
        PublicPath("/media/*/complete", .media).working(.seconds(300)),
        PublicPath("/courses/*/quizzes", .assessment),
        PublicPath("/courses/*/assignments", .assessment),
        PublicPath("/courses/*/gradebook", .assessment),
        PublicPath("/quizzes/*", .assessment),
        PublicPath("/assignments/*", .assessment),
        PublicPath("/assignments/*/submissions", .assessment),
        PublicPath("/submissions/*", .assessment),
        PublicPath("/submissions/*/grade", .assessment),
    ]

    private static let byFirstSegment = Dictionary(grouping: table, by: \.firstSegment)

    /// The row that matches a request; nil if none does.
    /// - Parameter path: raw, without the query.
    /// - Throws: 400 for a path that the next hop could decode differently, such as `/auth/%6Cogin`: each path has one encoding
    ///   here, so that gateway and service decide on the same path.
    static func row(for method: HTTPMethod, _ path: Substring) throws(GatewayError) -> PublicPath? {
        let segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
        for segment in segments {
            guard let text = PercentEncoding.decode(segment), text != ".", text != "..",
                !PercentEncoding.hasNeedlessEscape(segment)
            else {
                throw .badPath
            }
        }
        let fitting = rows(of: segments)
        let method = method == .head ? .get : method
        // The service knows the methods of a path: a match by path alone is enough.
        return fitting.first { $0.method == nil || $0.method == method } ?? fitting.last
    }

    private static func rows(of segments: some Collection<Substring.UTF8View>) -> [PublicPath] {
        guard let first = segments.first, let candidates = byFirstSegment[String(Substring(first))] else { return [] }
        return candidates.filter { $0.fits(segments) }
    }

    /// The methods of a path at services other than the row's, which does not report them.
    static func methods(of path: Substring, besides row: PublicPath) -> [HTTPMethod] {
        rows(of: path.utf8.split(separator: UInt8(ascii: "/"))).filter { $0.service != row.service }
            .compactMap(\.method).flatMap { $0 == .get ? [.get, .head] : [$0] }
    }

    /// The longest streamed body of a method; nil when none is streamed.
    static func streamBytesMax(of method: HTTPMethod) -> Int? {
        table.filter { $0.method == method }.compactMap(\.streamBytesMax).max()
    }

    /// Whether the body identifies the caller: a token is then ignored, so that an expired one does not prevent its refresh.
    static func isIdentifiedByBody(_ method: HTTPMethod, _ path: Substring) -> Bool {
        method == .post && ["/auth/register", "/auth/login", "/auth/refresh", "/auth/logout"].contains(path)
    }

    /// The lane of a request.
    static func lane(of method: HTTPMethod, _ path: Substring) -> Lane {
        switch (method, path) {
        case (.post, "/auth/login"): .logIn
        case (.post, "/auth/register"): .registration
        default: .general
        }
    }

    /// The rate limit for the caller's address. Refreshes are not limited like log-ins: auth limits each session's.
    static func kind(of method: HTTPMethod, _ path: Substring) -> RateLimiter.Kind {
        if path.hasPrefix("/health/") { return .probe }
        guard method == .post else { return .address }
        switch path {
        case "/auth/register": return .registration
        case "/auth/login": return .login
        default: return .address
        }
    }
}
