internal import Foundation
internal import HubTesting
internal import Postgres
internal import Testing

/// The keepalive options of a connection, read from its socket.
@Suite(.timeLimit(.minutes(3))) struct `Keepalives` {
    /// A server that is reached over TCP: by a socket file nothing can be cut off.
    private static func withServer(_ body: (_ address: String, _ port: UInt16) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "hub-tcp-\(UInt32.random(in: .min ... .max))"
        let admission = folder + ".hba"
        defer { for path in [folder, admission] { try? FileManager.default.removeItem(atPath: path) } }
        try Data("host all all 127.0.0.1/32 trust\nlocal all all peer map=hub\n".utf8).write(
            to: URL(filePath: admission))
        let port = try freePort()
        let server = try await PrivatePostgres.start(
            .init(
                folder: folder,
                settings: [
                    "fsync": "off", "listen_addresses": "127.0.0.1", "port": "\(port)", "hba_file": admission,
                ]))
        do {
            try await body("postgresql://postgres@127.0.0.1:\(port)/postgres", port)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in(), size = socklen_t(MemoryLayout<sockaddr_in>.size)
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
            guard let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress else { return -1 }
            return bind(descriptor, pointer, size) == 0 ? getsockname(descriptor, pointer, &size) : -1
        }
        try #require(status == 0)
        return UInt16(bigEndian: address.sin_port)
    }

    /// The descriptors of this process that are connected to a port.
    private static func descriptors(to port: UInt16) -> [Int32] {
        (3..<Int32(4_096)).filter { descriptor in
            var address = sockaddr_in(), size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let status = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
                guard let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress else { return -1 }
                return getpeername(descriptor, pointer, &size)
            }
            return status == 0 && address.sin_family == sa_family_t(AF_INET) && address.sin_port == port.bigEndian
        }
    }

    private static func option(_ level: Int32, _ name: Int32, of descriptor: Int32) -> Int32 {
        var value: Int32 = -1, size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, level, name, &value, &size) == 0 ? value : -1
    }

    private static func check(_ url: String, _ port: UInt16, _ expected: [Int32]) async throws {
        let database = Database(url: url, loops: TestLoops.shared)
        _ = try await database.query("select 1")
        _ = try await database.transaction { try await $0.query("select 1") }
        let connected = descriptors(to: port)
        #expect(connected.count >= 2)
        for descriptor in connected {
            let tcp = Int32(IPPROTO_TCP)
            let told = [
                option(SOL_SOCKET, SO_KEEPALIVE, of: descriptor), option(tcp, TCP_KEEPIDLE, of: descriptor),
                option(tcp, TCP_KEEPINTVL, of: descriptor), option(tcp, TCP_KEEPCNT, of: descriptor),
                option(tcp, TCP_USER_TIMEOUT, of: descriptor),
            ]
            #expect(told == expected)
        }
        await database.close()
    }

    @Test func `connections use TCP keepalives, unless the address disables them`() async throws {
        try await Self.withServer { url, port in
            try await Self.check(url, port, [1, 30, 10, 3, 60_000])
            let own = "?keepalives_idle=7&keepalives_interval=8&keepalives_count=9&tcp_user_timeout=10000"
            try await Self.check(url + own, port, [1, 7, 8, 9, 10_000])
            try await Self.check(url + "?keepalives=0&tcp_user_timeout=0", port, [0, 7_200, 75, 9, 0])
            let words = "host=127.0.0.1 port=\(port) user=postgres dbname=postgres keepalives_idle=7"
            try await Self.check(words, port, [1, 7, 10, 3, 60_000])
        }
    }
}
