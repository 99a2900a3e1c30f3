internal import Contracts
internal import Postgres

/// A redriven dead letter.
public struct Redriven: Sendable, Equatable {
    public let id: DeadLetter.ID
    let eventID: String?
    /// Its position in the redrive topic; nil when the log did not return it.
    let position: LogPosition?
    /// The key of the dead letter that its next failure would create.
    let next: DeadLetter.Occurrence

    init(_ letter: DeadLetter, position: LogPosition?) {
        id = letter.id
        eventID = letter.eventID
        self.position = position
        next = .init(group: letter.id.group, origin: letter.origin, redriveCount: letter.redriveCount + 1)
    }
}

extension DeadLetters {
    /// The outcome of a redrive.
    public enum Fate: Sendable, Equatable {
        /// The group has not read it yet.
        case waiting
        /// It was handled, now or before.
        case handled
        /// It failed again and is a dead letter, for this reason.
        case failedAgain(DeadLetter.ID, error: String)
    }

    /// The current outcome.
    public func fate(of sent: Redriven) async throws -> Fate {
        guard try await isPassed(sent) else { return .waiting }
        if try await isHandled(sent) { return .handled }
        var fate = Fate.waiting
        // A dead letter is sent through the outbox, so it may appear a moment later.
        try await forEachUnresolved(of: sent.id.group) { letter in
            if letter.occurrence == sent.next { fate = .failedAgain(letter.id, error: letter.error) }
        }
        return fate
    }

    /// Whether the group's offset is behind the record.
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
