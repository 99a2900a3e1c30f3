internal import Contracts
internal import HTTP
internal import Platform

/// What auth asks the user service, which alone knows accounts and passwords.
struct Accounts: Sendable {
    /// Passwords that the user service is asked about at once.
    static let verifiedAtOnceMax = 32
    private static let answerBytesMax = 64 * 1024

    private let context: ServiceContext
    /// A password takes long to look at. Nobody who asks for anything else finds these connections in use, nor the other way round.
    private let verifiers: HTTPClient

    init(_ context: ServiceContext) {
        self.context = context
        var configuration = HTTPClientConfiguration()
        configuration.connectionsPerHostMax = Self.verifiedAtOnceMax
        verifiers = HTTPClient(loops: context.loops, configuration: configuration)
    }

    private struct CredentialsBody: Encodable {
        let email, password: String
    }

    /// Whose credentials these are, nil when they are nobody's.
    /// - Throws: 503 when the user service is away or busy.
    func verify(email: String, password: String) async throws -> (UserID, Role)? {
        let body = try HubJSON.encode(CredentialsBody(email: email, password: password))
        let response = try await context.call(.user, .post, "/internal/credentials/verify", json: body, over: verifiers)
        if response.status == .unauthorized { return nil }
        return try await answer(response)
    }

    /// The role an account has now, nil when there is no such account any more.
    func role(of id: UserID) async throws -> Role? {
        let response = try await context.call(.user, .get, "/internal/users/\(id)")
        if response.status == .notFound { return nil }
        return try await answer(response)?.1
    }

    private struct Answer: Decodable {
        let userId, role: String
        let status: String?
    }

    private func answer(_ response: HTTPClientResponse) async throws -> (UserID, Role)? {
        switch response.status {
        case .ok: break
        case .serviceUnavailable:
            throw response.fields["retry-after"].flatMap { Int($0) }.map(Problem.tooBusy) ?? .unavailable
        case .gatewayTimeout: throw Problem.unavailable
        default: throw AuthError.userServiceBroken
        }
        let bytes = try await response.body.collect(bytesMax: Self.answerBytesMax)
        guard let answer = try? HubJSON.decode(Answer.self, from: bytes), let id = UserID(rawValue: answer.userId),
            let role = Role(rawValue: answer.role)
        else { throw AuthError.userServiceBroken }
        return answer.status == "ERASED" ? nil : (id, role)
    }
}
