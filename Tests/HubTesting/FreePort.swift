internal import Foundation

/// Free ports of this machine.
public enum FreePort {
    struct None: Error {}

    public static func any() throws -> Int { try some(1)[0] }

    /// Below those that the system gives to outgoing connections: one that takes a server's port while it is down keeps it down.
    public static func some(_ count: Int) throws -> [Int] {
        var ports: Set<Int> = []
        for _ in 0..<100 * count where ports.count < count {
            let port = Int.random(in: 10_000..<32_000)
            if isFree(port) { ports.insert(port) }
        }
        guard ports.count == count else { throw None() }
        return Array(ports)
    }

    static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = RawSocket.loopback(port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
