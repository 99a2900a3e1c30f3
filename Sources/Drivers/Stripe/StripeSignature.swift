#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
internal import Secrets

/// The `Stripe-Signature` field of a webhook: `t=TIME,v1=CODE`, an HMAC-SHA256 over the time and the body.
/// Source: https://docs.stripe.com/webhooks#verify-manually
public struct StripeSignature: Sendable {
    public static let fieldName = "stripe-signature"
    /// The maximum difference between signature time and now. Stripe signs each retry again.
    public static let toleranceSeconds = 300.0
    private static let fieldBytesMax = 4 * 1024
    private static let signaturesMax = 16

    private let key: HMACKey

    /// nil when the secret is shorter than 16 bytes.
    public init?(secret: String) {
        guard let key = HMACKey(secret: secret) else { return nil }
        self.key = key
    }

    /// Whether Stripe signed `body` within the tolerance of `time`. During rotation of the secret there are several signatures: one must
    /// match.
    public func isValid(_ field: String?, for body: [UInt8], at time: Date) -> Bool {
        guard let field, field.utf8.count <= Self.fieldBytesMax else { return false }
        var signedAt: Int64?
        var codes: [[UInt8]] = []
        for part in field.split(separator: ",").prefix(Self.signaturesMax) {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { return false }
            switch pair[0] {
            case "t": signedAt = Int64(pair[1])
            case "v1": if let code = Self.bytes(ofHex: pair[1]) { codes.append(code) }
            default: break
            }
        }
        guard let signedAt, abs(time.timeIntervalSince1970 - Double(signedAt)) <= Self.toleranceSeconds else {
            return false
        }
        let message = Self.message(signedAt, body)
        return codes.contains { key.isValid($0, for: message) }
    }

    /// The field for a body sent at `time`.
    public func sign(_ body: [UInt8], at time: Date) -> String {
        let seconds = Int64(time.timeIntervalSince1970)
        let digits = Array("0123456789abcdef".utf8)
        let code = key.code(for: Self.message(seconds, body)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return "t=\(seconds),v1=\(String(decoding: code, as: UTF8.self))"
    }

    private static func message(_ seconds: Int64, _ body: [UInt8]) -> [UInt8] { Array("\(seconds).".utf8) + body }

    private static func bytes(ofHex text: Substring) -> [UInt8]? {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count.isMultiple(of: 2), !digits.isEmpty else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }
}
