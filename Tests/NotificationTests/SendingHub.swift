import HTTP
import HubTesting
import Mail
@testable import Notification
@testable import Platform
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
    /// - Parameter process: nil for the hub's own.
    func sending(_ process: NotificationHub? = nil, _ body: @Sendable () async throws -> Void) async throws {
        try await (process ?? self).working(body)
    }

    /// Claims the next mail as another process does.
    func claim(for seconds: Double) async throws -> TaskRun? {
        let claimed = try await TaskStore().claim(
            [DeliverMail.kind: 1], at: clock.now, seconds: seconds, in: database
        ).first
        return claimed.map {
            TaskRun(kind: $0.kind, key: $0.key, attempt: $0.attempt, epoch: $0.epoch, store: TaskStore())
        }
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

    var server: String { transport.server }

    func send(_ message: MailMessage) async throws(MailError) {
        if message.to.address.rawValue == Self.address {
            for await _ in release {}
        }
        try await transport.send(message)
    }
}
