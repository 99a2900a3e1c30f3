/// One message to hand to an SMTP server. For the Mail driver: transfers of mail run on the same curl as the rest.
package struct SMTPTransfer: Sendable {
    package enum Security: Sendable {
        /// Clear text only.
        case none
        /// STARTTLS when the server offers it.
        case opportunistic
        /// STARTTLS or nothing; `smtps` URLs speak TLS from the first byte in any case.
        case required
    }
    /// `smtp://host:port` or `smtps://host:port`; a path is the name given in EHLO.
    package var url: String
    package var from: String
    package var recipients: [String]
    /// The message, header and body, lines ended by CRLF.
    package var message: [UInt8]
    package var username: String?
    package var password: String?
    package var security = Security.opportunistic
    /// Certificates to trust instead of the system's.
    package var caFile: String?
    package var connectTimeout: Duration = .seconds(10)
    package var timeout: Duration = .seconds(60)

    package init(url: String, from: String, recipients: [String], message: [UInt8]) {
        self.url = url
        self.from = from
        self.recipients = recipients
        self.message = message
    }
}

/// Why a message was not taken.
package enum SMTPTransferError: Error, Sendable, Equatable {
    /// No connection, or no trust.
    case connectFailed(String)
    case timedOut
    case cancelled
    /// The server said no.
    case refused(SMTPReply)
    /// The connection broke or the server spoke no SMTP. It may have taken the message.
    case protocolError(String)
    /// The transfer itself makes no sense: a bad URL, no recipient.
    case invalid(String)
}
