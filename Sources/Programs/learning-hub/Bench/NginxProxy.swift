internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// nginx as a proxy that does nothing else: the twin of the gateway.
struct NginxProxy {
    let port: Int
    private let process: ChildProcess
    private let folder: String

    /// - Returns: nil where there is no nginx.
    static func start(to upstream: Int) async throws -> NginxProxy? {
        let places = ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map { $0 + "/nginx" }
        guard let program = places.first(where: FileManager.default.isExecutableFile(atPath:)) else { return nil }
        let folder = "/tmp/learning-hub-nginx-\(SecureRandom.token(byteCount: 9))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Below the ephemeral port range.
        let port = Int.random(in: 10_000...32_000)
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
            "\($0)_temp_path \(folder)/\($0);"
        }
        let configuration = """
            daemon off; master_process off; pid \(folder)/pid; error_log \(folder)/log;
            events { worker_connections 1024; }
            http {
                access_log off; keepalive_requests 10000000; \(temporary.joined(separator: " "))
                upstream course { server 127.0.0.1:\(upstream); keepalive 64; keepalive_requests 10000000; }
                server {
                    listen 127.0.0.1:\(port);
                    location / { proxy_pass http://course; proxy_http_version 1.1; proxy_set_header Connection ""; }
                }
            }
            """
        try Data(configuration.utf8).write(to: URL(filePath: folder + "/conf"))
        let process = try ChildProcess([program, "-p", folder, "-c", folder + "/conf"])
        let proxy = NginxProxy(port: port, process: process, folder: folder)
        for _ in 0..<200 where !LoadGenerator.listens(on: port) {
            try await ContinuousClock().sleep(for: .milliseconds(10))
        }
        return proxy
    }

    func stop() {
        process.end()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
