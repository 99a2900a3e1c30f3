public import Contracts
internal import HTTP
internal import Synchronization

/// The address of each service: from the settings when services run in separate processes, else set at start.
public final class ServiceDirectory: Sendable {
    private let addresses: Mutex<[ServiceName: String]>

    /// - Parameter addresses: base URLs without a trailing slash, `http://127.0.0.1:3001`.
    public init(_ addresses: [ServiceName: String] = [:]) { self.addresses = Mutex(addresses) }

    /// The base URL of a listener on `host`; loopback when it listens on all addresses.
    public static func url(host: String, port: Int) -> String {
        switch host {
        case "0.0.0.0": "http://127.0.0.1:\(port)"
        case "::": "http://[::1]:\(port)"
        default: host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)"
        }
    }

    /// Whether only this machine reaches a listener on `host`.
    public static func isOfThisMachine(_ host: String) -> Bool {
        guard let address = IPAddress(host) else { return host == "localhost" }
        return ["127.0.0.0/8", "::1"].compactMap { IPRange($0) }.contains { $0.contains(address) }
    }

    /// The base URL of a service, nil if unknown.
    public subscript(name: ServiceName) -> String? {
        get { addresses.withLock { $0[name] } }
        set { addresses.withLock { $0[name] = newValue } }
    }
}
