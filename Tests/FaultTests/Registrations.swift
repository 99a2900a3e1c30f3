import HTTP
import HubTesting
import Synchronization
import SystemTesting
import Testing

/// People who register one after the other, and now and then edit their profiles, until they are told to stop.
final class Registrations: Sendable {
    /// One in so many edits the profile, twice: events of one key, whose order shows.
    private static let editorsOneIn = 10
    /// How long a person tries again what did not succeed.
    private static let patience = Duration.seconds(120)

    struct Tally: Sendable {
        /// The accounts that were confirmed with 201.
        var accounts: Set<String> = []
        var requests = 0
        /// Requests that were answered otherwise than 2xx, or not at all.
        var failures = 0
    }

    private struct State {
        var tally = Tally()
        var next = 0
        var isOver = false
    }

    private let client: HubClient
    private let countMin: Int
    private let lineCount: Int
    private let state = Mutex(State())

    /// - Parameter lineCount: how many people are at it at a time.
    init(_ client: HubClient, atLeast countMin: Int, lineCount: Int) {
        self.client = client
        self.countMin = countMin
        self.lineCount = lineCount
    }

    var tally: Tally { state.withLock { $0.tally } }

    /// No more than the least are to come.
    func stop() { state.withLock { $0.isOver = true } }

    func run() async throws {
        try await withThrowingTaskGroup { group in
            for _ in 0..<lineCount {
                group.addTask { while let number = self.nextPerson() { try await self.register(number) } }
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
        let answer = try await untilGood("person \(number) has an account") { client in
            // With the same key the same account, however often it is tried.
            try await client.register(email, key: email)
        }
        let id = try answer.json(HubClient.Account.self).id
        state.withLock { _ = $0.tally.accounts.insert(id) }
        guard number % Self.editorsOneIn == 0 else { return }
        let credentials = ["email": email, "password": HubClient.password]
        let token = try await untilGood("person \(number) is logged in") { client in
            try await client.send(.post, "/auth/login", json: credentials)
        }.json(HubClient.Tokens.self).accessToken
        for name in ["Grace", "Emmy"] {
            _ = try await untilGood("person \(number) has another name") { client in
                try await client.send(.patch, "/users/me", token: token, json: ["firstName": name])
            }
        }
    }

    private func untilGood(
        _ comment: String, _ request: @Sendable (HubClient) async throws -> HubClient.Answer
    ) async throws -> HubClient.Answer {
        try await eventually(within: Self.patience, "\(comment)") {
            try Task.checkCancellation()
            let answer = try? await request(client)
            let isGood = answer.map { (200..<300).contains($0.status) } ?? false
            state.withLock { state in
                state.tally.requests += 1
                if !isGood { state.tally.failures += 1 }
            }
            return isGood ? answer : nil
        }
    }
}
