import Contracts
import HubTesting
import Messaging
import Testing

/// External effects carry an idempotency key derived from the event id.
@Suite struct Guarantee7Tests {
    @Test func `the idempotency key is the same for a repeated event, and differs for others`() async throws {
        try await TestHub.with { hub in
            let keys = Collected<String>()
            let handler = Handler(name: "mail", on: UserRegistered.self, hasExternalEffects: true) { received, _ in
                // Told the mail server, then failed: the next attempt must be recognised as the same mail.
                if keys.add(received.eventID.rawValue) < 3 { throw Failure.transient("no answer") }
            }
            _ = await hub.log.append([try hub.record(TestHub.user(1), eventID: Guarantee3Tests.event(1))])
            try await hub.running([hub.consuming([handler])]) {
                try await eventually { try await hub.lag() == 0 }
                _ = await hub.log.append([try hub.record(TestHub.user(1), eventID: Guarantee3Tests.event(2))])
                try await eventually { keys.values.count == 4 }
            }
            #expect(Set(keys.values.prefix(3)) == ["evt_1"])
            #expect(keys.values.last == "evt_2")
        }
    }

    @Test func `events with external effects have separate transactions`()
        async throws
    {
        try await TestHub.with { hub in
            let sent = Collected<String>()
            let handler = Handler(name: "mail", on: UserRegistered.self, hasExternalEffects: true) { received, _ in
                sent.add(received.eventID.rawValue)
                if received.event.userID.rawValue == "usr_3" { throw Failure.permanent("no such mailbox") }
            }
            try await Guarantee4Tests.append(hub, 30)
            try await hub.running([hub.consuming([handler])]) {
                try await eventually { try await hub.lag() == 0 }
            }
            #expect(sent.values.count == 30 && Set(sent.values).count == 30)
            #expect(try await hub.count("inbox") == 29)
            #expect(try await hub.deadLetters.list().map(\.eventID) == ["evt_3"])
        }
    }
}
