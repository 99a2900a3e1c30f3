/// One message to send to an SMTP server. Used by the Mail driver, so that mail uses the same libcurl binding as HTTP.
package struct SMTPTransfer: Sendable {
    package enum Security: Sendable {
        /// No encryption.
        case none
        /// STARTTLS when the server offers it.
        case opportunistic
        /// STARTTLS is required; `smtps` URLs always use TLS from the first byte.
        case required
    }
    /// `smtp://host:port` or `smtps://host:port`; a path is the EHLO name.
    package var url: String
    package var from: String
    package var recipients: [String]
    /// The message: header and body, with CRLF line breaks.
    package var message: [UInt8]
    package var username: String?
    package var password: String?
    package var security = Security.opportunistic
    /// A CA file to trust instead of the system's certificates.
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

/// Why a message was not accepted.
package enum SMTPTransferError: Error, Sendable, Equatable {
    /// Connecting failed, or the certificate is not trusted.
    case connectFailed(String)
    case timedOut
    case cancelled
    /// The server replied with an error.
    case refused(SMTPReply)
    /// The connection broke or the server violated SMTP. It may have accepted the message.
    case protocolError(String)
    /// The transfer is invalid: a bad URL or no recipient.
    case invalid(String)
}
