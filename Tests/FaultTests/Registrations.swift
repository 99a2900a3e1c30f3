import HTTP
import HubTesting
import Synchronization
import SystemTesting
import Testing

/// Registers people one after the other, and sometimes edits their profiles, until it is stopped.
final class Registrations: Sendable {
    /// One in this many people edits the profile twice, which gives several events of one key.
    private static let editorsOneIn = 10
    private struct State {
        var accounts: Set<String> = []
        var next = 0
        var isOver = false
    }

    private let client: PersistentClient
    private let countMin: Int
    private let lineCount: Int
    private let state = Mutex(State())

    /// - Parameter lineCount: the number of concurrent clients.
    init(_ client: HubClient, atLeast countMin: Int, lineCount: Int) {
        self.client = PersistentClient(client)
        self.countMin = countMin
        self.lineCount = lineCount
    }

    /// Registrations with a 201 response.
    var accounts: Set<String> { state.withLock { $0.accounts } }
    var tally: PersistentClient.Tally { client.tally }

    /// No more than the least are to come.
    func stop() { state.withLock { $0.isOver = true } }

    func run() async throws {
        try await withThrowingTaskGroup { group in
            for _ in 0..<lineCount {
                group.addTask {
                    while let number = self.nextPerson() {
                        try await self.register(number)
                        try await Task.sleep(for: FaultForm.pause)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func nextPerson() -> Int? {
        state.withLock { state in
            if Task.isCancelled || state.isOver && state.next >= countMin { return nil }
            state.next += 1
            return state.next
        }
    }

    private func register(_ number: Int) async throws {
        let email = "person\(number)@example.com"
        let answer = try await client.untilGood("person \(number) has an account") { client in
            // Every attempt with the same key gets the same account.
            try await client.register(email, key: email)
        }
        let id = try answer.json(HubClient.Account.self).id
        state.withLock { _ = $0.accounts.insert(id) }
        guard number % Self.editorsOneIn == 0 else { return }
        let credentials = ["email": email, "password": HubClient.password]
        let token = try await client.untilGood("person \(number) is logged in") { client in
            try await client.send(.post, "/auth/login", json: credentials)
        }.json(HubClient.Tokens.self).accessToken
        for name in ["Grace", "Emmy"] {
            _ = try await client.untilGood("person \(number) has another name") { client in
                try await client.send(.patch, "/users/me", token: token, json: ["firstName": name])
            }
        }
    }
}
