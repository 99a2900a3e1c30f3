internal import Contracts
internal import Platform

/// URLs of a lesson's renditions. Requested from the media service each time, because they expire.
struct Addresses: Sendable {
    /// The maximum delay of a lesson because of its media.
    static let timeMax = Duration.seconds(2)

    /// Waits at most ``timeMax``.
    let client: ServiceClient

    /// - Returns: `media` with their renditions; without them when the media service does not respond, because the text is useful on its
    ///   own.
    func add(to media: [Medium], of lesson: LessonID) async throws -> [Medium] {
        guard media.contains(where: { $0.status == .ready }) else { return media }
        let answer: MediaAnswer
        do {
            answer = try await client.get(.media, "/internal/lessons/\(lesson)/media", as: MediaAnswer.self)
        } catch is ServiceCallError {
            return media
        }
        let renditions = Dictionary(answer.items.map { ($0.id, $0.renditions) }) { first, _ in first }
        return media.map { medium in
            var medium = medium
            if medium.status == .ready { medium.renditions = renditions[medium.id] ?? [] }
            return medium
        }
    }
}

private struct MediaAnswer: Decodable {
    struct Item: Decodable {
        let id: MediaID
        let renditions: [Rendition]
    }
    let items: [Item]
}
