internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// One certificate of one enrolment, from the moment the course is completed.
struct Certificate: Sendable {
    /// How long after its issue the printed name may be corrected; once it was, or after that, the issue is final.
    static let correctionSeconds: TimeInterval = 14 * 86_400

    let id: CertificateID
    let enrollmentID: EnrollmentID
    let userID: UserID
    let courseID: CourseID
    let code: VerificationCode
    let completedAt: Date
    /// Percent; nil without any assessment, and once erased.
    let finalScore: Double?
    /// Taken once, so that later changes of an account or a course change no certificate. Nil before, and once erased.
    var print: Print?
    /// 1 as it was issued, 2 with the name corrected.
    var version: Int
    /// The version of the file there is; 0 before the first.
    var drawnVersion: Int
    var issuedAt: Date?
    var revokedAt: Date?
    var erasedAt: Date?

    /// What is printed beside the facts.
    struct Print: Sendable, Equatable {
        var learnerName: String
        let courseTitle: String
        let language: Language
    }

    /// The languages certificates are in.
    enum Language: String, Sendable {
        case english = "en"
        case german = "de"

        /// The one for a locale such as `de-AT`, English for what there is none for.
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

    /// The name under which the file of a version is kept.
    static func fileName(of id: CertificateID, version: Int) -> String { "certificates/\(id).\(version).pdf" }

    /// Prints another name, once.
    mutating func correct(name: LearnerName, at time: Date) throws(CertificateError) {
        guard let issuedAt, print != nil else { throw .notFound }
        guard revokedAt == nil, version == 1, time.timeIntervalSince(issuedAt) <= Self.correctionSeconds else {
            throw .final
        }
        print?.learnerName = name.text
        version = 2
    }
}
