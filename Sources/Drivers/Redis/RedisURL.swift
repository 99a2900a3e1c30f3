#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The address and credentials of a Redis server: `redis://[[user]:password@]host[:port][/database]`. Its description contains no
/// password.
public struct RedisURL: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    public let host: String
    public let port: Int
    public let database: Int
    let user: String?
    let password: String?

    /// - Throws: ``RedisURLError``, without any of the text.
    public init(_ text: String) throws(RedisURLError) {
        if text.hasPrefix("rediss://") { throw .encrypted }
        guard text.hasPrefix("redis://"), text.utf8.count <= 2_048, let parts = URLComponents(string: text),
            let host = parts.host, !host.isEmpty, parts.query == nil, parts.fragment == nil
        else { throw .notAURL }
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        port = parts.port ?? 6_379
        guard (1...65_535).contains(port) else { throw .notAURL }
        let path = parts.path.drop { $0 == "/" }
        guard let database = path.isEmpty ? 0 : Int(path), database >= 0 else { throw .notAURL }
        self.database = database
        password = parts.password
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        if user != nil, password == nil { throw .notAURL }
    }

    public var description: String { "redis://\(host):\(port)/\(database)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What is wrong with a Redis URL.
public enum RedisURLError: Error, Sendable, Equatable {
    case notAURL
    /// `rediss://`: this driver does not support TLS.
    case encrypted
}
