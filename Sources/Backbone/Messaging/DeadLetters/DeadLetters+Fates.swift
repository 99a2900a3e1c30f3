internal import Contracts
internal import Postgres

/// A dead letter that was sent to its group again.
public struct Redriven: Sendable, Equatable {
    public let id: DeadLetter.ID
    let eventID: String?
    /// Where it lies now; nil when the log did not say.
    let position: LogPosition?
    /// Where the dead letter of its next failure would be known by.
    let next: DeadLetter.Occurrence

    init(_ letter: DeadLetter, position: LogPosition?) {
        id = letter.id
        eventID = letter.eventID
        self.position = position
        next = .init(group: letter.id.group, origin: letter.origin, redriveCount: letter.redriveCount + 1)
    }
}

extension DeadLetters {
    /// What became of something that was sent again.
    public enum Fate: Sendable, Equatable {
        /// The group has not come to it yet.
        case waiting
        /// Its effect was made, now or before.
        case handled
        /// It is a dead letter again, for this reason.
        case failedAgain(DeadLetter.ID, error: String)
    }

    /// What has become of it by now.
    public func fate(of sent: Redriven) async throws -> Fate {
        guard try await isPassed(sent) else { return .waiting }
        if try await isHandled(sent) { return .handled }
        var fate = Fate.waiting
        // A dead letter leaves by the outbox: it may be here a moment later.
        try await forEachUnresolved(of: sent.id.group) { letter in
            if letter.occurrence == sent.next { fate = .failedAgain(letter.id, error: letter.error) }
        }
        return fate
    }

    /// Whether the group is past it.
    private func isPassed(_ sent: Redriven) async throws -> Bool {
        guard let position = sent.position else { return try await isHandled(sent) }
        let rows = try await database.query(
            """
            select coalesce(next_offset > \(position.offset), false) from \(quoted: sent.id.group.service.rawValue).consumer_position
            where consumer_group = \(sent.id.group.rawValue) and topic = \(position.partition.topic)
                and partition = \(Int32(clamping: position.partition.partition))
            """)
        return try rows.first?.decode(Bool.self) ?? false
    }

    private func isHandled(_ sent: Redriven) async throws -> Bool {
        guard let eventID = sent.eventID else { return false }
        let rows = try await database.query(
            """
            select from \(quoted: sent.id.group.service.rawValue).inbox
            where consumer_group = \(sent.id.group.rawValue) and event_id = \(eventID)
            """)
        return !rows.isEmpty
    }
}
