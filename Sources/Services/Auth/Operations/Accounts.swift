internal import Contracts
internal import HTTP
internal import Platform

/// What auth asks the user service, which alone knows accounts and passwords.
struct Accounts: Sendable {
    /// Passwords that the user service is asked about at once.
    static let verifiedAtOnceMax = 32

    private let services: ServiceClient
    /// A password takes long to look at. Nobody who asks for anything else finds these connections in use, nor the other way round.
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

    /// Whose credentials these are, nil when they are nobody's.
    /// - Throws: 503 when the user service is away or busy.
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

    /// The role an account has now, nil when there is no such account any more.
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

        /// nil for an account that was erased.
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
