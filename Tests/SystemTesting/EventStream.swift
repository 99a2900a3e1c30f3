internal import EventLoop
internal import Foundation
internal import HTTP
internal import HubTesting
internal import Synchronization

/// A person's stream of live updates, read while it is open.
public final class EventStream: Sendable {
    public struct Event: Sendable, Decodable {
        public var kind = ""
        public let id: String?

        enum CodingKeys: CodingKey { case id }
    }

    private let http = HTTPClient(loops: TestLoops.shared)
    private let seen = Mutex<[Event]>([])
    private let reading = Mutex<Task<Void, any Error>?>(nil)
    private let isOver = Mutex(false)

    public init(_ hub: HubUnderTest, token: String) async throws {
        let answer = try await http.send(
            HTTPClientRequest(.get, hub.address + "/events", fields: ["authorization": "Bearer \(token)"]),
            timeout: .seconds(300))
        guard answer.status == .ok else { throw NoStream(status: answer.status.code) }
        let task = TestLoops.shared.next().start("event stream") {
            var text = ""
            for try await piece in answer.body {
                text += String(decoding: piece, as: UTF8.self)
                while let end = text.firstRange(of: "\n\n") {
                    try self.take(text[..<end.lowerBound])
                    text = String(text[end.upperBound...])
                }
            }
            self.isOver.withLock { $0 = true }
        }
        reading.withLock { $0 = task }
    }

    /// The messages so far.
    public var events: [Event] { seen.withLock { $0 } }

    public var hasEnded: Bool { isOver.withLock { $0 } }

    /// Waits for the end of the stream.
    public func end() async throws {
        try await reading.withLock({ $0 })?.value
        await http.close()
    }

    private func take(_ block: Substring) throws {
        func value(of field: String) -> String? {
            block.split(separator: "\n").first { $0.hasPrefix("\(field): ") }.map {
                String($0.dropFirst(field.count + 2))
            }
        }
        guard let kind = value(of: "event"), let data = value(of: "data") else { return }
        var event = try JSONDecoder().decode(Event.self, from: Data(data.utf8))
        event.kind = kind
        seen.withLock { $0.append(event) }
    }
}

/// The gateway returned no stream.
public struct NoStream: Error {
    public let status: Int
}
