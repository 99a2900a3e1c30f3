internal import Contracts
internal import EventLoop
internal import Platform

/// Finds log-in sessions that have ended. An access token outlives its session, and a live stream must not.
///
/// One call to auth covers ``askedCountMax`` sessions, so the cost depends on how many sessions have streams, not on log-outs.
struct EndedSessions: Sendable {
    /// Sessions per call; auth refuses more.
    private static let askedCountMax = 1_000

    private let services: ServiceClient

    init(_ services: ServiceClient) { self.services = services }

    private struct Question: Encodable {
        let sessionIds: [String]
    }
    private struct Answer: Decodable {
        let ended: [String]
    }

    /// - Throws: ``ServiceCallError``.
    func among(_ sessions: some Collection<String>) async throws -> Set<String> {
        var left = Array(sessions)[...]
        var ended: Set<String> = []
        while !left.isEmpty {
            let question = Question(sessionIds: Array(left.prefix(Self.askedCountMax)))
            left = left.dropFirst(Self.askedCountMax)
            ended.formUnion(
                try await services.post(.auth, "/internal/sessions/ended", question, as: Answer.self).ended)
        }
        return ended
    }

    /// Ends the streams of sessions that have ended, until cancelled. While auth is unreachable, streams last until their tokens expire.
    func endStreams(of streams: LiveStreams, every pause: Duration, on loop: EventLoop) async throws {
        while true {
            try await loop.sleep(for: pause)
            do {
                streams.end(try await among(streams.sessions))
            } catch is ServiceCallError {
                continue  // The client logs outages.
            }
        }
    }
}
