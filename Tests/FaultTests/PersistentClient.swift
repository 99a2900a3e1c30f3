import HubTesting
import Synchronization
import SystemTesting
import Testing

/// A client that repeats failed requests and counts them.
final class PersistentClient: Sendable {
    typealias Answer = HubClient.Answer

    /// The time limit for retries.
    private static let patience = Duration.seconds(120)

    struct Tally: Sendable {
        var requests = 0
        /// Requests with a status other than 2xx, or without a response.
        var failures = 0
    }

    private let client: HubClient
    private let state = Mutex(Tally())

    init(_ client: HubClient) { self.client = client }

    var tally: Tally { state.withLock { $0 } }

    /// Repeats a request until it gets a 2xx.
    func untilGood(
        _ comment: String, _ request: @Sendable (HubClient) async throws -> Answer
    ) async throws -> Answer {
        try await until(comment, request) { $0.isGood ? $0 : nil }
    }

    /// Repeats a request until its response contains a value.
    func until<Value: Sendable>(
        _ comment: String, _ request: @Sendable (HubClient) async throws -> Answer,
        found: @Sendable (Answer) throws -> Value?
    ) async throws -> Value {
        try await eventually(within: Self.patience, "\(comment)") {
            try Task.checkCancellation()
            let answer = try? await request(client)
            state.withLock { tally in
                tally.requests += 1
                if answer?.isGood != true { tally.failures += 1 }
            }
            return try answer.flatMap(found)
        }
    }
}

extension HubClient.Answer {
    var isGood: Bool { (200..<300).contains(status) }
}
