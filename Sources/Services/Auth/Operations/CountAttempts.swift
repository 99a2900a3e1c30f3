internal import Postgres
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// Records an attempt before its password is checked.
    /// - Throws: ``AuthError/tooManyAttempts(retryAfterSeconds:)``
    func admit(_ subjects: AttemptSubjects) async throws {
        let time = now()
        // The address's tally is only read: locking its row would delay everybody at that address, such as a school.
        var changed = subjects
        changed.address = nil
        try await database.transaction { [changed] tx in
            let address = try await store.findTally(subjects.address, on: tx)
            var attempts = try await store.lockAttempts(changed, at: time, on: tx)
            attempts.address = address
            try attempts.admit(at: time, config.attempts)
            store.update(changed, attempts, on: tx)
        }
    }

    /// Records the result of an admitted attempt.
    func settle(_ subjects: AttemptSubjects, _ change: @Sendable (inout Attempts, Date) -> Void) async throws {
        try await database.transaction { tx in try await settle(subjects, on: tx, change) }
    }

    /// Records the result of an admitted attempt.
    func settle(
        _ subjects: AttemptSubjects, on tx: Transaction, _ change: (inout Attempts, Date) -> Void
    ) async throws {
        let time = now()
        var attempts = try await store.lockAttempts(subjects, at: time, on: tx)
        change(&attempts, time)
        store.update(subjects, attempts, on: tx)
    }
}

extension AttemptSubjects {
    /// The same for existing and missing accounts, so that the response does not reveal which.
    init(_ attempt: LogInAttempt, _ device: KnownDevice?) {
        if let device {
            self.init(place: AttemptSubject(digest: device.digest.bytes), account: nil, address: nil)
        } else {
            let account = attempt.email.lowercased(), address = attempt.network
            self.init(
                place: AttemptSubject(of: "place:\(address) \(account)"),
                account: AttemptSubject(of: "account:\(account)"), address: AttemptSubject(of: "address:\(address)"))
        }
    }
}

extension AttemptSubject {
    fileprivate init(of name: String) { self.init(digest: SHA256.digest(name)) }
}
