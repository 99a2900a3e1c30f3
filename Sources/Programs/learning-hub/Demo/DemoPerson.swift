internal import Avro
internal import HTTP
internal import Secrets

/// A demo account with an unused address.
struct DemoAccount: Sendable {
    let email: String
    let password: String

    /// - Parameter part: its owner's role.
    init(_ part: String) {
        email = "demo.\(part).\(SecureRandom.token(byteCount: 6).lowercased())@example.org"
        password = SecureRandom.token(byteCount: 18)
    }
}

/// A logged-in user of the demo.
struct DemoPerson: Sendable {
    let token: String
}

extension APIClient {
    func logIn(_ account: DemoAccount) async throws -> DemoPerson {
        let body = JSONTree.texts(["email": account.email, "password": account.password])
        return DemoPerson(token: try await call(.post, "/auth/login", json: body).expect(200).text("accessToken"))
    }

    /// Deletes an account and archives its owner's courses. Ignores an account that was never created.
    func erase(_ account: DemoAccount) async throws {
        let body = JSONTree.texts(["email": account.email, "password": account.password])
        let answer = try await call(.post, "/auth/login", json: body)
        if answer.status == 401 { return }
        let token = try answer.expect(200).text("accessToken")
        _ = try await call(.delete, "/users/me", token: token).expect(202)
    }
}

extension APIClient.Answer {
    /// - Throws: ``CommandFailure`` with the hub's reason, for any other status.
    func expect(_ status: Int) throws -> Self {
        if self.status == status { return self }
        let said = body["detail"]?.text ?? body["title"]?.text ?? body["code"]?.text ?? "no reason given"
        throw CommandFailure("answered \(self.status): \(said)")
    }
}
