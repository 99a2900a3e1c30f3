/// Delivers mail.
public protocol MailTransport: Sendable {
    /// The address of the server, without credentials.
    var server: String { get }

    /// Sends a message, and returns when the server has accepted it.
    func send(_ message: MailMessage) async throws(MailError)
}

/// Why a message was not accepted. No case contains an address or text of the message.
public enum MailError: Error, Sendable, Equatable {
    /// The server replied with an error: ``MailRefusal/verdict`` tells how to proceed.
    case refused(MailRefusal)
    /// No server is reachable, or it does not respond in time: no mail can be sent until that is fixed.
    case unavailable(String)
    /// The connection broke during the transfer. The message may have been accepted: a retry with the same `Message-ID` lets the server
    /// detect the duplicate.
    case interrupted(String)
    /// The caller was cancelled. The message may have been accepted.
    case cancelled
}
