internal import Contracts
internal import EventLoop
internal import Postgres
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A log-in request.
struct LogInAttempt: Sendable {
    let email, password: String
    /// The client's network: the address range of one customer.
    let network: String
    let userAgent: String?
    /// The device token from an earlier log-in.
    let deviceToken: String?
}

extension Operations {
    /// Opens a session.
    /// - Throws: ``AuthError/wrongCredentials``, ``AuthError/tooManyAttempts(retryAfterSeconds:)``, 503.
    func logIn(_ attempt: LogInAttempt) async throws -> LogIn {
        try await room.enter()
        var isDone = false
        defer { room.leave(isDone: isDone) }
        do {
            let logIn = try await openSession(attempt)
            isDone = true
            return logIn
        } catch let refusal as AuthError {
            isDone = true
            throw refusal
        }
    }

    private func openSession(_ attempt: LogInAttempt) async throws -> LogIn {
        let device = try await findDevice(of: attempt)
        let subjects = AttemptSubjects(attempt, device)
        try await admit(subjects)
        guard let (userID, role) = try await verify(attempt, subjects) else {
            try await settle(subjects) { $0.fail(at: $1) }
            throw AuthError.wrongCredentials
        }
        let time = now()
        let key = try await keys.signingKey(at: time)
        let session = Session(
            of: userID, userAgent: attempt.userAgent, at: time, lifetime: config.refreshTokenLifetime)
        let refreshToken = SecureRandom.token()
        // The device token may belong to another account that logged in from the same browser.
        let deviceToken = device.flatMap { $0.userID == userID ? $0.token : nil } ?? SecureRandom.token()
        return try await database.transaction { tx in
            try await settle(subjects, on: tx) { $0.succeed(at: $1) }
            // The account was erased after the password check.
            guard try await store.insert(session, on: tx) else { throw AuthError.wrongCredentials }
            store.insert(TokenDigest(of: refreshToken), of: session.id, on: tx)
            store.upsert(DeviceDigest(of: deviceToken, email: attempt.email), of: userID, at: time, on: tx)
            return LogIn(
                tokens: try issue(session, role, at: time, key, refresh: refreshToken), deviceToken: deviceToken)
        }
    }

    private func verify(_ attempt: LogInAttempt, _ subjects: AttemptSubjects) async throws -> (UserID, Role)? {
        do {
            return try await accounts.verify(email: attempt.email, password: attempt.password)
        } catch {
            // The password was not checked.
            try await settle(subjects) { $0.forgive(at: $1) }
            throw error
        }
    }

    /// The attempt's device, when the account knows it. An unknown token counts as none, without an error.
    private func findDevice(of attempt: LogInAttempt) async throws -> KnownDevice? {
        guard let token = attempt.deviceToken else { return nil }
        let digest = DeviceDigest(of: token, email: attempt.email)
        return try await store.findUser(of: digest, on: database)
            .map { KnownDevice(token: token, digest: digest, userID: $0) }
    }
}

/// The result of a log-in.
struct LogIn: Sendable {
    let tokens: Tokens
    /// Sent with the next log-in, so that failed attempts by others do not lock this client out.
    let deviceToken: String
}

/// A device and its account.
struct KnownDevice: Sendable {
    let token: String
    let digest: DeviceDigest
    let userID: UserID
}

extension DeviceDigest {
    init(of token: String, email: String) { self.init(bytes: SHA256.digest("device:\(token):\(email.lowercased())")) }
}
