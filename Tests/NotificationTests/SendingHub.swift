import EventLoop
import HTTP
import HubTesting
import Mail
@testable import Notification
import ServiceTesting
import Testing

extension NotificationHub {
    /// With a real SMTP server to send to.
    /// - Parameter timeout: long, for a mail that ran out of time on a busy machine is sent twice, as it should be.
    static func withServer(
        timeout: Duration = .seconds(60), limits: MailLimits = .quick,
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

/// The way to a real server, on which mails to one address wait.
struct SlowTransport: MailTransport {
    static let address = "slow@example.org"
    private let transport: any MailTransport
    private let release: AsyncStream<Void>

    init(to transport: any MailTransport, until release: AsyncStream<Void>) {
        self.transport = transport
        self.release = release
    }

    func send(_ message: MailMessage) async throws(MailError) {
        if message.to.address.rawValue == Self.address {
            for await _ in release {}
        }
        try await transport.send(message)
    }
}
