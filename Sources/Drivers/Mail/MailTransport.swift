/// Something that delivers mail.
public protocol MailTransport: Sendable {
    /// Hands a message over, and returns when the other side has taken it on.
    func send(_ message: MailMessage) async throws(MailError)
}

/// Why a message was not taken. No case shows an address or a text of the message.
public enum MailError: Error, Sendable, Equatable {
    /// The server said no: ``MailRefusal/verdict`` says what to do.
    case refused(MailRefusal)
    /// There is no server to talk to, or it does not answer in time: no message will go through until that is mended.
    case unavailable(String)
    /// The connection broke half-way. The message may have been taken: the same `Message-ID` at the next try lets the other
    /// side tell.
    case interrupted(String)
    /// The caller was cancelled. The message may have been taken.
    case cancelled
}
