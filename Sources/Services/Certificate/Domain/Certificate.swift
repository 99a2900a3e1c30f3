internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The certificate of an enrolment, created when the course is completed.
struct Certificate: Sendable {
    /// How long after its issue the printed name may be corrected, once. After that, or after a correction, it is final.
    static let correctionSeconds: TimeInterval = 14 * 86_400

    let id: CertificateID
    let enrollmentID: EnrollmentID
    let userID: UserID
    let courseID: CourseID
    let code: VerificationCode
    let completedAt: Date
    /// Percent; nil without any assessment, and after erasure.
    let finalScore: Double?
    /// Stored once, so that later changes of account or course do not change the certificate. nil before, and after erasure.
    var print: Print?
    /// 1 as issued, 2 with the corrected name.
    var version: Int
    /// The version of the stored file; 0 before the first.
    var drawnVersion: Int
    var issuedAt: Date?
    var revokedAt: Date?
    var erasedAt: Date?

    /// The printed facts.
    struct Print: Sendable, Equatable {
        var learnerName: String
        let courseTitle: String
        let language: Language
    }

    /// The languages of certificates.
    enum Language: String, Sendable {
        case english = "en"
        case german = "de"

        /// The language of a locale such as `de-AT`; English as fallback.
        init(locale: String?) {
            self = locale.flatMap { Language(rawValue: String($0.prefix(2)).lowercased()) } ?? .english
        }
    }

    init(of completion: EnrollmentCompleted, id: CertificateID, code: VerificationCode) {
        self.init(
            id: id, enrollmentID: completion.enrollmentID, userID: completion.userID, courseID: completion.courseID,
            code: code, completedAt: completion.completedAt, finalScore: completion.finalScore, version: 1,
            drawnVersion: 0)
    }

    init(
        id: CertificateID, enrollmentID: EnrollmentID, userID: UserID, courseID: CourseID, code: VerificationCode,
        completedAt: Date, finalScore: Double?, print: Print? = nil, version: Int, drawnVersion: Int,
        issuedAt: Date? = nil, revokedAt: Date? = nil, erasedAt: Date? = nil
    ) {
        self.id = id
        self.enrollmentID = enrollmentID
        self.userID = userID
        self.courseID = courseID
        self.code = code
        self.completedAt = completedAt
        self.finalScore = finalScore
        self.print = print
        self.version = version
        self.drawnVersion = drawnVersion
        self.issuedAt = issuedAt
        self.revokedAt = revokedAt
        self.erasedAt = erasedAt
    }

    /// The object key of a version's file.
    static func fileName(of id: CertificateID, version: Int) -> String { "certificates/\(id).\(version).pdf" }

    /// Corrects the printed name, once.
    mutating func correct(name: LearnerName, at time: Date) throws(CertificateError) {
        guard let issuedAt, print != nil else { throw .notFound }
        guard revokedAt == nil, version == 1, time.timeIntervalSince(issuedAt) <= Self.correctionSeconds else {
            throw .final
        }
        print?.learnerName = name.text
        version = 2
    }
}
