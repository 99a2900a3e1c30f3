public import Foundation

/// A mail as parsed by the mail library of the test server (Python's), for an independent check.
public struct ReceivedMail: Sendable, Decodable {
    public let envelopeFrom: String
    public let envelopeTo: [String]
    /// Whether it was received over TLS.
    public let isEncrypted: Bool
    /// The user that logged in to send it.
    public let user: String?
    public let fromName: String
    public let fromAddress: String
    public let toName: String
    public let toAddress: String
    /// Addresses in the `To` header.
    public let recipientCount: Int
    public let subject: String
    /// With its angle brackets.
    public let messageID: String
    public let secondsSinceEpoch: Double
    /// The content types of the message and its parts.
    public let contentTypes: [String]
    public let text: String?
    public let html: String?
    /// The violations of standards that the library found.
    public let defects: [String]
    public let lineBytesMax: Int
    private let headers: [[String]]
    private let rawBase64: String

    /// The decoded values of a header, in order; names are compared without case.
    public func headers(_ name: String) -> [String] {
        headers.filter { $0.first?.lowercased() == name.lowercased() }.compactMap(\.last)
    }

    public var headerNames: [String] { headers.compactMap(\.first) }

    /// The message as received.
    public var raw: Data { Data(base64Encoded: rawBase64) ?? Data() }
}
