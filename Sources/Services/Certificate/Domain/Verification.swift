#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What anybody who has a code may know of its certificate.
struct Verification: Sendable {
    let code: VerificationCode
    let learnerName: String
    let courseTitle: String
    let issuedAt: Date
    let finalScore: Double?
    /// Nil while it is valid.
    let revokedAt: Date?
    /// The same, signed, for who wants to keep it: a compact JWS. Nil when it is not valid.
    var statement: String?

    var isValid: Bool { revokedAt == nil }

    /// Nil when it was not issued yet.
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
