import EventLoop
import HTTP
import HubTesting
import Mail
@testable import Notification
import Testing

extension NotificationHub {
    /// With a real SMTP server to send to.
    static func withServer(
        timeout: Duration = .seconds(5), limits: MailLimits = .quick,
        _ body: @escaping @Sendable (NotificationHub, SMTPServer) async throws -> Void
    ) async throws {
        let server = try await SMTPServer()
        let client = HTTPClient(loops: TestLoops.shared)
        let transport = SMTPTransport(url: try SMTPURL(server.url), client: client, timeout: timeout)
        try await NotificationHub.with(transport, limits: limits) { hub in try await body(hub, server) }
        await client.close()
        await server.stop()
    }

    /// Runs `body` while mail is being sent.
    /// - Parameter sender: nil for the service's own.
    func sending(_ sender: MailSender? = nil, _ body: () async throws -> Void) async throws {
        let sender = try #require(sender ?? operations.sender)
        let running = TestLoops.shared.next().start("sender") { await sender.run() }
        let outcome = await Result { try await body() }
        running.cancel()
        _ = await running.result
        try outcome.get()
    }
}

extension Result where Success == Void, Failure == any Error {
    init(_ body: () async throws -> Void) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
