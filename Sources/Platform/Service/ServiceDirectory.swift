public import Contracts
internal import HTTP
internal import Synchronization

/// Where each service listens. Fixed by the settings when services run apart, filled in at start when they share a process.
public final class ServiceDirectory: Sendable {
    private let addresses: Mutex<[ServiceName: String]>

    /// - Parameter addresses: base URLs without a slash at the end, `http://127.0.0.1:3001`.
    public init(_ addresses: [ServiceName: String] = [:]) { self.addresses = Mutex(addresses) }

    /// Where to find what listens on `host`: this machine's own address when it listens on all of them.
    public static func url(host: String, port: Int) -> String {
        switch host {
        case "0.0.0.0": "http://127.0.0.1:\(port)"
        case "::": "http://[::1]:\(port)"
        default: host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)"
        }
    }

    /// Whether only this machine reaches what listens on `host`.
    public static func isOfThisMachine(_ host: String) -> Bool {
        guard let address = IPAddress(host) else { return host == "localhost" }
        return ["127.0.0.0/8", "::1"].compactMap { IPRange($0) }.contains { $0.contains(address) }
    }

    /// The base URL of a service, nil when nobody said where it is.
    public subscript(name: ServiceName) -> String? {
        get { addresses.withLock { $0[name] } }
        set { addresses.withLock { $0[name] = newValue } }
    }
}
