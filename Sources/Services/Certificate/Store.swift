internal import Contracts
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service.
struct Store: Sendable {
    let people = People()

    // MARK: Certificates

    func find(_ id: CertificateID, on statements: some Statements) async throws -> Certificate? {
        try await statements.query("select \(Self.columns) from certificate where id = \(id.rawValue)").first
            .map(certificate)
    }

    func find(_ code: VerificationCode, on statements: some Statements) async throws -> Certificate? {
        try await statements.query("select \(Self.columns) from certificate where code = \(code.text)").first
            .map(certificate)
    }

    /// The certificate, locked until the transaction ends.
    func lock(_ id: CertificateID, on tx: Transaction) async throws -> Certificate? {
        try await tx.query("select \(Self.columns) from certificate where id = \(id.rawValue) for update").first
            .map(certificate)
    }

    /// Newest first, without erased ones and those not available yet.
    func listIssued(
        to user: UserID, before: CertificateID?, countMax: Int, on statements: some Statements
    ) async throws -> [Certificate] {
        var sql: SQL = """
            select \(Self.columns) from certificate
            where user_id = \(user.rawValue) and issued_at is not null and erased_at is null
            """
        if let before { sql = "\(sql) and id < \(before.rawValue)" }
        return try await statements.query("\(sql) order by id desc limit \(countMax)").map(certificate)
    }

    /// Locks the person; an erased person gets no certificate.
    /// - Returns: false when the enrolment already has one, or its learner was erased.
    func insert(_ certificate: Certificate, on tx: Transaction) async throws -> Bool {
        try await !tx.query(
            """
            insert into certificate (id, enrollment_id, user_id, course_id, code, completed_at, final_score, version,
                drawn_version)
            select \(certificate.id.rawValue), \(certificate.enrollmentID.rawValue), user_id,
                \(certificate.courseID.rawValue), \(certificate.code.text), \(certificate.completedAt),
                \(certificate.finalScore as Double?), \(certificate.version), \(certificate.drawnVersion)
            from person where user_id = \(certificate.userID.rawValue) and erased_at is null
            on conflict (enrollment_id) do nothing
            returning id
            """
        ).isEmpty
    }

    /// Stores the printed facts, unless another attempt already has.
    /// - Returns: the certificate with its printed facts; nil when it was erased.
    func setPrint(
        _ print: Certificate.Print, of id: CertificateID, on statements: some Statements
    ) async throws -> Certificate? {
        try await statements.query(
            """
            update certificate set learner_name = coalesce(learner_name, \(print.learnerName)),
                course_title = coalesce(course_title, \(print.courseTitle)),
                language = coalesce(language, \(print.language.rawValue))
            where id = \(id.rawValue) and erased_at is null returning \(Self.columns)
            """
        ).first.map(certificate)
    }

    /// Marks the file of a version as available; the first version issues the certificate.
    /// - Returns: false when it was erased.
    func issue(_ id: CertificateID, version: Int, at time: Date, on tx: Transaction) async throws -> Bool {
        try await !tx.query(
            """
            update certificate set drawn_version = greatest(drawn_version, \(version)),
                issued_at = coalesce(issued_at, \(time))
            where id = \(id.rawValue) and erased_at is null returning id
            """
        ).isEmpty
    }

    /// Stores a correction.
    func update(_ certificate: Certificate, on tx: Transaction) {
        tx.submit(
            """
            update certificate set learner_name = \(certificate.print?.learnerName as String?), version = \(certificate.version)
            where id = \(certificate.id.rawValue)
            """)
    }

    /// - Returns: nil when no issued certificate exists, or it was erased.
    func revoke(_ id: CertificateID, at time: Date, on statements: some Statements) async throws -> Certificate? {
        try await statements.query(
            """
            update certificate set revoked_at = coalesce(revoked_at, \(time))
            where id = \(id.rawValue) and issued_at is not null and erased_at is null returning \(Self.columns)
            """
        ).first.map(certificate)
    }

    /// - Returns: the certificates that were not erased before.
    func eraseCertificates(of user: UserID, at time: Date, on tx: Transaction) async throws -> [CertificateID] {
        try await tx.query(
            """
            update certificate set learner_name = null, final_score = null, erased_at = \(time)
            where user_id = \(user.rawValue) and erased_at is null returning id
            """
        ).map { CertificateID(checked: try $0.decode(String.self)) }
    }

    private static let columns: SQL = """
        id, enrollment_id, user_id, course_id, code, completed_at, final_score, learner_name, course_title, language,
        version, drawn_version, issued_at, revoked_at, erased_at
        """

    private func certificate(_ row: Row) throws -> Certificate {
        let (
            id, enrollment, user, course, code, completedAt, score, name, title, language, version, drawn, issuedAt,
            revokedAt, erasedAt
        ) = try row.decode(
            String.self, String.self, String.self, String.self, String.self, Date.self, Double?.self, String?.self,
            String?.self, String?.self, Int.self, Int.self, Date?.self, Date?.self, Date?.self)
        let print = name.flatMap { name in
            title.map { Certificate.Print(learnerName: name, courseTitle: $0, language: .init(locale: language)) }
        }
        return Certificate(
            id: CertificateID(checked: id), enrollmentID: EnrollmentID(checked: enrollment),
            userID: UserID(checked: user), courseID: CourseID(checked: course), code: VerificationCode(stored: code),
            completedAt: completedAt, finalScore: score, print: print, version: version, drawnVersion: drawn,
            issuedAt: issuedAt, revokedAt: revokedAt, erasedAt: erasedAt)
    }

    // MARK: Signing key

    /// If another process has created a key, that one is used.
    func insertKey(_ secret: [UInt8], on tx: Transaction) {
        tx.submit("insert into statement_key (secret) values (\(secret)) on conflict do nothing")
    }

    func findKey(on statements: some Statements) async throws -> [UInt8]? {
        try await statements.query("select secret from statement_key").first?.decode([UInt8].self)
    }
}
