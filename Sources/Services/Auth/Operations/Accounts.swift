internal import Contracts
internal import HTTP
internal import Platform

/// Calls to the user service, which owns accounts and passwords.
struct Accounts: Sendable {
    /// The maximum number of concurrent password checks at the user service.
    static let verifiedAtOnceMax = 32

    private let services: ServiceClient
    /// Password checks are slow, so they use separate connections: they and other calls must not delay each other.
    private let verifiers: ServiceClient

    init(_ context: ServiceContext) {
        services = ServiceClient(context)
        var configuration = HTTPClientConfiguration()
        configuration.connectionsPerHostMax = Self.verifiedAtOnceMax
        verifiers = ServiceClient(
            context, over: HTTPClient(loops: context.loops, configuration: configuration), lane: "verifiers")
    }

    private struct CredentialsBody: Encodable {
        let email, password: String
    }

    /// The account with these credentials; nil when they are wrong.
    /// - Throws: 503 when the user service is unavailable or busy.
    func verify(email: String, password: String) async throws -> (UserID, Role)? {
        do {
            return try await verifiers.post(
                .user, "/internal/credentials/verify", CredentialsBody(email: email, password: password),
                as: Answer.self
            ).account
        } catch ServiceCallError.refused(_, let problem) where problem.status == .unauthorized {
            return nil
        }
    }

    /// The current role of an account; nil when the account no longer exists.
    func role(of id: UserID) async throws -> Role? {
        do {
            return try await services.get(.user, "/internal/users/\(id)", as: Answer.self).account?.1
        } catch ServiceCallError.refused(_, let problem) where problem.status == .notFound {
            return nil
        }
    }

    private struct Answer: Decodable {
        let userId, role: String
        let status: String?

        /// nil for an erased account.
        var account: (UserID, Role)? {
            get throws {
                guard let id = UserID(rawValue: userId), let role = Role(rawValue: role) else {
                    throw ServiceCallError.malformed(.user)
                }
                return status == "ERASED" ? nil : (id, role)
            }
        }
    }
}
