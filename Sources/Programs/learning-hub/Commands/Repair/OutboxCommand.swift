internal import Avro
internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

/// `outbox`: events that the log refused.
enum OutboxCommand {
    static let command = Command(
        "outbox", "List the events that the log refused, and send them again.", members: [list, resend])

    private static let countMax = 1_000

    private static let list = Command(
        "list", "List the events that the log refused, oldest first for each service.", options: [.data, .json],
        examples: ["outbox list", "outbox list --json"],
        notes: """
            The log refuses an event that is too large, or for which the hub has no right or no topic. It is kept for \
            \(RefusedEvents.retentionDays) days. Events that wait for an unreachable log are not refused; `doctor` counts them.
            """
    ) { arguments, console in
        let found = try await OpenHub.with(arguments) { hub in
            var found: [(service: ServiceName, event: RefusedEvents.Refused)] = []
            for service in publishers {
                for event in try await hub.refused(of: service)?.list(countMax: countMax) ?? [] {
                    found.append((service, event))
                }
            }
            return found
        }
        if arguments.has(.json) {
            for (service, event) in found {
                console.json(
                    .object([
                        .init("service", .string(service.rawValue)), .init("eventId", .string(event.eventID)),
                        .init("topic", .string(event.topic)), .init("key", .string(event.key)),
                        .init("reason", .string(event.reason)), .init("createdAt", .time(event.createdAt)),
                        .init("refusedAt", .time(event.refusedAt)),
                    ]))
            }
        } else if found.isEmpty {
            console.line("the log has refused no event")
        } else {
            console.table(
                ["service", "event", "topic", "refused", "reason"],
                found.map {
                    [$0.service.rawValue, $0.event.eventID, $0.event.topic, $0.event.refusedAt.shown, $0.event.reason]
                })
        }
    }

    private static let resend = Command(
        "resend", "Send all refused events of a service again, in their order.",
        arguments: [Argument("SERVICE", "The service of the events.", choices: publishers.map(\.rawValue))],
        options: [.data, .json], examples: ["outbox resend course"],
        notes:
            "Repair the cause first. The relay of the service sends them when it runs; the log can refuse them again."
    ) { arguments, console in
        let name = arguments.positional[0]
        guard let service = publishers.first(where: { $0.rawValue == name }) else {
            let names = publishers.map(\.rawValue).joined(separator: ", ")
            throw arguments.misuse("`\(name)` is not a service with events; the services are \(names)")
        }
        let count = try await OpenHub.with(arguments) { hub in
            guard let refused = try await hub.refused(of: service) else { return 0 }
            var total = 0
            while case let events = try await refused.list(countMax: countMax), !events.isEmpty {
                total += try await refused.redrive(events.map(\.id))
            }
            return total
        }
        if arguments.has(.json) { return console.json(.object([.init("done", .number(count))])) }
        console.line("\(count) \(count == 1 ? "event waits" : "events wait") to be sent")
    }

    private static var publishers: [ServiceName] {
        HubServices.all.filter { !$0.publishes.isEmpty }.map { $0.name }
    }
}

extension HubStore {
    /// nil when the service has never run with this database.
    fileprivate func refused(of service: ServiceName) async throws -> RefusedEvents? {
        let row = try await database.query("select to_regclass(\("\(service).outbox_dead")) is not null").first
        guard let row, try row.decode(Bool.self) else { return nil }
        return RefusedEvents(service: service, database: database)
    }
}
