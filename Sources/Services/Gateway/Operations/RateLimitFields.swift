internal import HTTP

extension RateLimitStanding {
    /// Adds `RateLimit-Policy` and `RateLimit`, lists as in draft-ietf-httpapi-ratelimit-headers-10. The quota (`q`) of a policy is the
    /// burst; it refills steadily within the window (`w`).
    func add(to fields: inout HTTPFields) {
        // First limited, first listed.
        Self.prepend(kind.policy, "ratelimit-policy", to: &fields)
        Self.prepend("\"\(kind.rawValue)\";r=\(leftCount);t=\(fullSeconds)", "ratelimit", to: &fields)
    }

    private static func prepend(_ item: String, _ name: String, to fields: inout HTTPFields) {
        fields[name] = fields[name].map { "\(item), \($0)" } ?? item
    }
}

extension RateLimiter.Kind {
    private static let policies = Dictionary(
        uniqueKeysWithValues: allCases.map { kind in
            let limit = kind.limit
            let windowSeconds = Int((limit.burst / limit.perSecond).rounded(.up))
            return (kind, "\"\(kind.rawValue)\";q=\(Int(limit.burst));w=\(windowSeconds)")
        })

    fileprivate var policy: String { Self.policies[self] ?? "" }
}
