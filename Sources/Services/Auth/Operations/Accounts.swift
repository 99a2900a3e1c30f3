internal import Contracts
internal import HTTP
internal import Platform

/// What auth asks the user service, which alone knows accounts and passwords.
struct Accounts: Sendable {
    /// Sends a request to the user service on auth's account; throws 503 when it is away.
    let call: @Sendable (HTTPMethod, _ target: String, _ json: [UInt8]?) async throws -> HTTPClientResponse

    private static let answerBytesMax = 64 * 1024

    private struct CredentialsBody: Encodable {
        let email, password: String
    }

    /// Whose credentials these are, nil when they are nobody's.
    /// - Throws: 503 when the user service is away or busy.
    func verify(email: String, password: String) async throws -> (UserID, Role)? {
        let body = try HubJSON.encode(CredentialsBody(email: email, password: password))
        let response = try await call(.post, "/internal/credentials/verify", body)
        if response.status == .unauthorized { return nil }
        return try await answer(response)
    }

    /// The role an account has now, nil when there is no such account any more.
    func role(of id: UserID) async throws -> Role? {
        let response = try await call(.get, "/internal/users/\(id)", nil)
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
        case .serviceUnavailable, .gatewayTimeout: throw Problem.unavailable
        default: throw AuthError.userServiceBroken
        }
        let bytes = try await response.body.collect(bytesMax: Self.answerBytesMax)
        guard let answer = try? HubJSON.decode(Answer.self, from: bytes), let id = UserID(rawValue: answer.userId),
            let role = Role(rawValue: answer.role)
        else { throw AuthError.userServiceBroken }
        return answer.status == "ERASED" ? nil : (id, role)
    }
}
