internal import Avro
internal import HTTP

/// Flow 1: a person registers; the welcome mail and the sign-up points follow by event.
struct RegistrationFlow {
    let client: APIClient
    let steps: Steps
    let account: DemoAccount
    let mails: SentMail
    /// Timeout for an effect.
    private let patience: Duration = .seconds(10)

    /// - Returns: the answer to the registration.
    func register() async throws -> APIClient.Answer {
        try await steps.step("a person registers") {
            try await client.call(
                .post, "/auth/register",
                json: .texts([
                    "email": account.email, "password": account.password, "firstName": "Demo", "lastName": "Learner",
                ])
            ).expect(201)
        } detail: {
            "\($0.body["id"]?.text ?? "?"), correlation id \($0.correlationID ?? "?")"
        }
    }

    /// What follows from a registration.
    /// - Returns: the new user, logged in.
    func play(_ person: APIClient.Answer) async throws -> DemoPerson {
        try await mail(to: try person.text("id"))
        let learner = try await steps.step("the person logs in") {
            try await client.logIn(account)
        }
        try await steps.step("the person reads their profile") {
            let answer = try await client.call(.get, "/users/me", token: learner.token).expect(200)
            guard answer.body["id"] == person.body["id"] else {
                throw CommandFailure("it is the profile of another person")
            }
        }
        try await points(learner.token)
        try await notification(learner.token)
        steps.journey(person)
        return learner
    }

    private func mail(to person: String) async throws {
        _ = try await steps.step("the welcome mail is in the mailbox or sent") {
            let mail = try await client.eventually(within: patience, every: .milliseconds(100)) { () -> String? in
                let answer = try await client.call(.get, "/dev/mailbox?to=\(account.email)")
                // A hub with a mail server has no mailbox.
                if answer.status == 404 { return try await mails.fate(ofMailTo: person) }
                return try answer.expect(200).body["items"]?.items?.first.map { "“\($0["subject"]?.text ?? "?")”" }
            }
            guard let mail else { throw CommandFailure("did not happen within \(patience.shown)") }
            return mail
        } detail: {
            $0
        }
    }

    private func points(_ token: String) async throws {
        _ = try await steps.step("the sign-up points are in the ledger") {
            let points = try await client.eventually(within: patience) { () -> Int64? in
                let answer = try await client.call(.get, "/gamification/me", token: token).expect(200)
                return answer.body["points"]?.integer.flatMap { $0 > 0 ? $0 : nil }
            }
            guard let points else { throw CommandFailure("did not happen within \(patience.shown)") }
            let rows = try await client.call(.get, "/gamification/me/ledger", token: token).expect(200)
            guard rows.body["items"]?.items?.count == 1 else {
                throw CommandFailure("the ledger does not have exactly one row")
            }
            return points
        } detail: {
            "\($0) points"
        }
    }

    private func notification(_ token: String) async throws {
        _ = try await steps.step("the in-app notification is there") {
            let message = try await client.eventually(within: patience) { () -> JSONTree? in
                try await client.call(.get, "/notifications", token: token).expect(200).body["items"]?.items?.last
            }
            guard let message else { throw CommandFailure("did not happen within \(patience.shown)") }
            return message
        } detail: {
            "“\($0["title"]?.text ?? "?")”"
        }
    }
}
