#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The public facts of a certificate, for anyone with its code.
struct Verification: Sendable {
    let code: VerificationCode
    let learnerName: String
    let courseTitle: String
    let issuedAt: Date
    let finalScore: Double?
    /// nil while it is valid.
    let revokedAt: Date?
    /// The same as a signed statement: a compact JWS. nil when it is not valid.
    var statement: String?

    var isValid: Bool { revokedAt == nil }

    /// nil when it was not issued yet.
    init?(_ certificate: Certificate) {
        guard let print = certificate.print, let issuedAt = certificate.issuedAt else { return nil }
        code = certificate.code
        learnerName = print.learnerName
        courseTitle = print.courseTitle
        self.issuedAt = issuedAt
        finalScore = certificate.finalScore
        revokedAt = certificate.revokedAt
    }
}
