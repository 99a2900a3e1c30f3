internal import Avro
internal import HTTP
internal import Secrets

/// An account of the demo's, under an address that nobody has.
struct DemoAccount: Sendable {
    let email: String
    let password: String

    /// - Parameter part: what its owner plays.
    init(_ part: String) {
        email = "demo.\(part).\(SecureRandom.token(byteCount: 6).lowercased())@example.org"
        password = SecureRandom.token(byteCount: 18)
    }
}

/// Somebody who plays a part in the demo, logged in.
struct DemoPerson: Sendable {
    let token: String
}

extension APIClient {
    func logIn(_ account: DemoAccount) async throws -> DemoPerson {
        let body = JSONTree.texts(["email": account.email, "password": account.password])
        return DemoPerson(token: try await call(.post, "/auth/login", json: body).expect(200).text("accessToken"))
    }

    /// Has the hub forget an account, and archive what its owner taught. One that was never made is none to remove.
    func erase(_ account: DemoAccount) async throws {
        let body = JSONTree.texts(["email": account.email, "password": account.password])
        let answer = try await call(.post, "/auth/login", json: body)
        if answer.status == 401 { return }
        let token = try answer.expect(200).text("accessToken")
        _ = try await call(.delete, "/users/me", token: token).expect(202)
    }
}

extension APIClient.Answer {
    /// - Throws: ``CommandFailure`` with what the hub said, when the status is another.
    func expect(_ status: Int) throws -> Self {
        if self.status == status { return self }
        let said = body["detail"]?.text ?? body["title"]?.text ?? body["code"]?.text ?? "no reason given"
        throw CommandFailure("answered \(self.status): \(said)")
    }
}
