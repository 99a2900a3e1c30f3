internal import HTTP

extension RateLimitStanding {
    /// Says so in `RateLimit-Policy` and `RateLimit`, lists as draft-ietf-httpapi-ratelimit-headers-10 has them. The quota (`q`) of a
    /// policy is what may come at once; it comes back, evenly, within the window (`w`).
    func add(to fields: inout HTTPFields) {
        // What is limited first is named first.
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
