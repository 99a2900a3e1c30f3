internal import Avro

/// A position in the event sequence of one gateway process.
struct LivePlace: Sendable, Equatable {
    /// Identifies the process: another one numbers events differently, and an earlier one's are lost.
    let run: UInt64
    /// Of the last event.
    let number: Int

    var text: String { "\(String(run, radix: 16))-\(number)" }

    init(run: UInt64, number: Int) {
        self.run = run
        self.number = number
    }

    /// Nil for invalid text.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let run = UInt64(parts[0], radix: 16), let number = Int(parts[1]), number >= 0 else {
            return nil
        }
        self.init(run: run, number: number)
    }
}

/// A frame of server-sent events (HTML Living Standard, section 9.2).
struct LiveFrame: Sendable, Equatable {
    let bytes: [UInt8]

    /// Nothing was missed up to `place`.
    static func ready(at place: LivePlace) -> LiveFrame { LiveFrame("ready", at: place, "{}") }

    /// Events before `place` may be missing: clients must reload what they show.
    static func resync(at place: LivePlace) -> LiveFrame { LiveFrame("resync", at: place, "{}") }

    static func event(_ event: LiveEvent, at place: LivePlace) -> LiveFrame {
        LiveFrame(event.kind, at: place, #"{"id":"\#(event.id)","at":"\#(event.at.iso8601Milliseconds)"}"#)
    }

    /// A comment, which clients ignore: it prevents idle timeouts of the connection.
    static let heartbeat = LiveFrame(bytes: Array(":\n\n".utf8))

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// - Parameter data: on one line.
    private init(_ kind: String, at place: LivePlace, _ data: String) {
        bytes = Array("id: \(place.text)\nevent: \(kind)\ndata: \(data)\n\n".utf8)
    }
}
