internal import Avro
internal import HTTP

/// Somebody who plays a part in the demo.
struct DemoPerson: Sendable {
    let email: String
    let token: String
}

extension APIClient {
    func logIn(_ email: String, _ password: String) async throws -> DemoPerson {
        let answer = try await call(.post, "/auth/login", json: .texts(["email": email, "password": password])).expect(
            200)
        return DemoPerson(email: email, token: try answer.text("accessToken"))
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
