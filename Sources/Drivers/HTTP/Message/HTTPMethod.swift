/// A request method as sent: upper case, case-sensitive.
public struct HTTPMethod: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }

    public static let get = HTTPMethod(rawValue: "GET")
    public static let head = HTTPMethod(rawValue: "HEAD")
    public static let post = HTTPMethod(rawValue: "POST")
    public static let put = HTTPMethod(rawValue: "PUT")
    public static let patch = HTTPMethod(rawValue: "PATCH")
    public static let delete = HTTPMethod(rawValue: "DELETE")
    public static let options = HTTPMethod(rawValue: "OPTIONS")

    /// Whether the server knows the method; others are answered with 501 (RFC 9110, 9.1).
    var isKnown: Bool { Self.known.contains(self) }

    private static let known: Set<HTTPMethod> = [.get, .head, .post, .put, .patch, .delete, .options]

    /// Whether the method is idempotent (RFC 9110, 9.2.2).
    public var isIdempotent: Bool { self != .post && self != .patch }
}
