internal import Contracts
internal import Platform

/// Where browsers find what was made of a lesson's media. The media service is asked each time: addresses are good for a while only.
struct Addresses: Sendable {
    /// A lesson is not kept waiting longer for its pictures.
    static let timeMax = Duration.seconds(2)

    /// Waits for ``timeMax`` at most.
    let client: ServiceClient

    /// - Returns: `media` with what browsers show of them; without it while the media service does not answer, for what a lesson says is
    ///   worth reading all the same.
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
