internal import Contracts
internal import Documents
internal import EventLoop
internal import Messaging
internal import ObjectStore
internal import Observability
internal import Platform
internal import Postgres
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The task of drawing a certificate, or its second version.
struct DrawCertificate: TaskPayload {
    static let kind = "draw-certificate"
    let certificateID: CertificateID
    let version: Int
}

/// The task of deleting the files of a certificate.
struct RemoveFiles: TaskPayload {
    static let kind = "remove-certificate-files"
    let certificateID: CertificateID
}

extension Operations {
    /// Creates the certificate of a completed enrolment, unless it exists or the learner was erased. It stays hidden until it is drawn;
    /// the code is generated here, so that every attempt draws the same one.
    func prepare(_ completion: EnrollmentCompleted, at time: Date, on tx: Transaction) async throws {
        var random = SecureRandom()
        let certificate = Certificate(
            of: completion, id: .make(at: time, random: &random), code: VerificationCode(random: &random))
        store.people.lock(completion.userID, on: tx)
        guard try await store.insert(certificate, on: tx) else { return }
        try tasks.enqueue(
            DrawCertificate(certificateID: certificate.id, version: 1), key: "\(certificate.id).1", on: tx)
    }

    /// Draws a version, stores the file, and then marks it as available. After a crash in between, a retry draws the same file under the
    /// same key, because the printed facts are already stored.
    func draw(_ payload: DrawCertificate, _ run: TaskRun) async throws {
        let (id, version) = (payload.certificateID, payload.version)
        guard let certificate = try await printed(id), certificate.version == version else {
            return try await removeFiles(ofErased: id)
        }
        let bytes = try await draw(certificate)
        try await objects.put(bytes, at: fileKey(id, version), contentType: "application/pdf")
        // The file with the wrong name is deleted before the corrected one becomes available.
        if version > 1 { try await objects.delete(fileKey(id, version - 1)) }
        let isThere = try await database.transaction { tx in
            let isThere = try await store.issue(id, version: version, at: now(), on: tx)
            if isThere { try await run.finish(on: tx) }
            return isThere
        }
        // Erased while it was drawn. The task must not end before the file is deleted.
        if !isThere { try await removeFiles(ofErased: id) }
    }

    /// A certificate with its printed facts, which are requested once and stored. nil if it or its learner was erased.
    private func printed(_ id: CertificateID) async throws -> Certificate? {
        guard let certificate = try await store.find(id, on: database) else {
            throw Failure.permanent("there is no such certificate")
        }
        if certificate.erasedAt != nil { return nil }
        if certificate.print != nil { return certificate }
        let learner = try await client.get(.user, "/internal/users/\(certificate.userID)", as: LearnerAnswer.self)
        guard let name = learner.name else {
            // The learner was erased. The handler of that event erases the certificate and all others, so that the erasure waits for files.
            return nil
        }
        let course = try await client.get(.course, "/internal/courses/\(certificate.courseID)", as: CourseAnswer.self)
        let print = Certificate.Print(
            learnerName: name, courseTitle: course.title, language: .init(locale: learner.locale))
        return try await store.setPrint(print, of: id, on: database)
    }

    private func removeFiles(ofErased id: CertificateID) async throws {
        // Another task draws the later version.
        if try await store.find(id, on: database)?.erasedAt != nil { try await removeFiles(of: id) }
    }

    private func draw(_ certificate: Certificate) async throws -> [UInt8] {
        guard let page = CertificatePage(certificate, at: config.publicURL) else {
            throw Failure.permanent("nothing is known to print")
        }
        let drawn = try await pool.run { try page.pdf() }
        if !drawn.hasEveryFont {
            logger.warning(
                "a certificate has letters that no installed font has", [.id: .text(certificate.id.rawValue)])
        }
        return drawn.bytes
    }

    private func fileKey(_ id: CertificateID, _ version: Int) throws -> ObjectKey {
        try ObjectKey(Certificate.fileName(of: id, version: version))
    }
}

/// The user service's data of a learner.
private struct LearnerAnswer: Decodable {
    let firstName, lastName, locale: String?

    /// nil after erasure.
    var name: String? {
        guard let firstName, let lastName else { return nil }
        return "\(firstName) \(lastName)"
    }
}

private struct CourseAnswer: Decodable {
    let title: String
}

extension CertificatePage {
    fileprivate init?(_ certificate: Certificate, at publicURL: String) {
        guard let print = certificate.print else { return nil }
        let wording = Wording.of(print.language)
        self.init(
            labels: .init(heading: wording.heading, certifies: wording.certifies, completed: wording.completed),
            learnerName: print.learnerName, courseTitle: print.courseTitle,
            facts: wording.facts(certificate.completedAt, score: certificate.finalScore), code: certificate.code.text,
            verificationAddress: "\(publicURL)/certificates/verify/\(certificate.code.text)",
            issuedAt: certificate.completedAt.formatted(.iso8601))
    }
}
