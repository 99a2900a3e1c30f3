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

/// The service's use cases.
struct Operations: Sendable {
    let database: Database
    let tasks: Tasks
    let objects: any ObjectStore
    let client: ServiceClient
    /// Separate threads, so that log-ins and drawing do not delay each other.
    let pool: BlockingPool
    let config: CertificateConfig
    let signer: StatementSigner
    let logger: Logger
    let now: @Sendable () -> Date
    let store = Store()

    init(_ context: ServiceContext, _ config: CertificateConfig) async throws {
        database = context.database
        tasks = context.tasks
        objects = context.objects
        client = ServiceClient(context)
        pool = try BlockingPool(name: "hub-drawing", threadCount: 2, queueCountMax: 64, givesWay: true)
        self.config = config
        signer = try await StatementSigner.load(from: context.database)
        logger = context.logger
        now = context.clock
    }

    /// A learner's own certificates, newest first.
    func list(of user: UserID, _ page: PageRequest<CertificateID>) async throws -> Page<Certificate> {
        let found = try await store.listIssued(
            to: user, before: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.id)
    }

    /// The file of a learner's own certificate.
    /// - Throws: ``CertificateError/notFound``, ``CertificateError/notDrawn``.
    func file(of id: CertificateID, for user: UserID) async throws -> OpenedObject {
        guard let certificate = try await store.find(id, on: database), certificate.userID == user,
            certificate.issuedAt != nil, certificate.erasedAt == nil
        else { throw CertificateError.notFound }
        guard certificate.drawnVersion == certificate.version,
            let file = try await objects.get(try ObjectKey(Certificate.fileName(of: id, version: certificate.version)))
        else { throw CertificateError.notDrawn }
        return file
    }

    /// - Throws: ``CertificateError/notFound``, ``CertificateError/erased``.
    func verify(_ typed: String) async throws -> Verification {
        guard let code = VerificationCode(typed: typed), let certificate = try await store.find(code, on: database)
        else {
            throw CertificateError.notFound
        }
        if certificate.erasedAt != nil, certificate.issuedAt != nil { throw CertificateError.erased }
        guard var verification = Verification(certificate) else { throw CertificateError.notFound }
        if verification.isValid {
            verification.statement = try signer.statement(of: verification, at: config.publicURL)
        }
        return verification
    }

    /// Revokes a certificate. Idempotent.
    func revoke(_ id: CertificateID) async throws -> Certificate {
        guard let certificate = try await store.revoke(id, at: now(), on: database) else {
            throw CertificateError.notFound
        }
        return certificate
    }

    /// Corrects the name on a learner's own certificate, once, and has it redrawn.
    /// - Throws: ``CertificateError/notFound``, ``CertificateError/final``.
    func correctName(of id: CertificateID, to name: LearnerName, by user: UserID) async throws -> Certificate {
        try await database.transaction { tx in
            guard var certificate = try await store.lock(id, on: tx), certificate.userID == user else {
                throw CertificateError.notFound
            }
            try certificate.correct(name: name, at: now())
            store.update(certificate, on: tx)
            try tasks.enqueue(
                DrawCertificate(certificateID: id, version: certificate.version), key: "\(id).\(certificate.version)",
                on: tx)
            return certificate
        }
    }

    /// Erases a person: names at once, files by a task; a tombstone prevents late events from creating another certificate.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) async throws {
        store.people.erase(user, at: time, on: tx)
        for id in try await store.eraseCertificates(of: user, at: time, on: tx) {
            try tasks.enqueue(RemoveFiles(certificateID: id), key: id.rawValue, on: tx)
        }
    }

    /// Deletes all files of a certificate.
    func removeFiles(of id: CertificateID) async throws {
        for version in 1...2 { try await objects.delete(try ObjectKey(Certificate.fileName(of: id, version: version))) }
    }
}
