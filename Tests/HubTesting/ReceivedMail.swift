public import Foundation

/// A mail as the test server's own mail library (Python's) reads it: a second opinion on what was sent.
public struct ReceivedMail: Sendable, Decodable {
    public let envelopeFrom: String
    public let envelopeTo: [String]
    /// Whether it came over TLS.
    public let isEncrypted: Bool
    /// Who logged in to hand it over.
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
    /// Of the message and each of its parts.
    public let contentTypes: [String]
    public let text: String?
    public let html: String?
    /// What the library found against the standards.
    public let defects: [String]
    public let lineBytesMax: Int
    private let headers: [[String]]
    private let rawBase64: String

    /// The decoded values of a header, in order; names are compared without case.
    public func headers(_ name: String) -> [String] {
        headers.filter { $0.first?.lowercased() == name.lowercased() }.compactMap(\.last)
    }

    public var headerNames: [String] { headers.compactMap(\.first) }

    /// The message as it came over the wire.
    public var raw: Data { Data(base64Encoded: rawBase64) ?? Data() }
}
