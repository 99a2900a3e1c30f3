public import HTTP

/// Delivers mail to an SMTP server. Connections are kept for the next message.
public struct SMTPTransport: MailTransport {
    public let url: SMTPURL
    private let client: HTTPClient
    private let connectTimeout: Duration
    private let timeout: Duration
    private let workers: SMTPWorkers

    /// - Parameters:
    ///   - client: the HTTP client whose loops deliver the results.
    ///   - connectTimeout: for connecting, including the TLS handshake.
    ///   - timeout: for sending one message, once it has left the queue.
    ///   - connectionsMax: how many messages are sent at once.
    public init(
        url: SMTPURL, client: HTTPClient, connectTimeout: Duration = .seconds(10), timeout: Duration = .seconds(60),
        connectionsMax: Int = 4
    ) {
        self.url = url
        self.client = client
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        workers = SMTPWorkers(threadCount: connectionsMax)
    }

    public var server: String { "\(url)" }

    public func send(_ message: MailMessage) async throws(MailError) {
        do {
            _ = try await client.send(transfer(of: message), on: workers)
        } catch {
            throw MailError(error)
        }
    }

    private func transfer(of message: MailMessage) -> SMTPTransfer {
        var transfer = SMTPTransfer(
            url: "\(url)/\(url.greetingName ?? "")", from: message.from.address.rawValue,
            recipients: [message.to.address.rawValue], message: message.mimeBytes())
        transfer.username = url.user
        transfer.password = url.password
        transfer.caFile = url.caFile
        transfer.connectTimeout = connectTimeout
        transfer.timeout = timeout
        transfer.security =
            switch url.security {
            case .off: .none
            case .opportunistic: .opportunistic
            case .required: .required
            }
        return transfer
    }
}

extension MailError {
    init(_ error: SMTPTransferError) {
        switch error {
        case .connectFailed(let reason): self = .unavailable(reason)
        case .timedOut: self = .unavailable("no response in time")
        case .refused(let reply): self = .refused(MailRefusal(reply))
        case .protocolError(let reason): self = .interrupted(reason)
        case .invalid(let reason): self = .unavailable(reason)
        case .cancelled: self = .cancelled
        }
    }
}
