internal import Avro
internal import Contracts
internal import Messaging
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// `trace ID`: all that a request caused, in all services.
enum TraceCommand {
    static let command = Command(
        "trace", "Show what a request caused: requests, events, effects and mails, with the times between them.",
        arguments: [
            Argument(
                "ID",
                "A correlation id (header X-Correlation-Id of a response), or the id of a user, course or event. Not abbreviated."
            )
        ],
        options: [.data, .json], examples: ["trace req_01a2092669547add8628073d0890cbfa", "trace usr_… --json"],
        notes: """
            The hub keeps requests without events for at most a day, within the size HUB_REQUEST_LOG_MIB. If there are too many
            results, a message on standard error names what is not shown. Ends with exit code 1 if the hub does not know the id.
            """
    ) { arguments, console in
        let id = arguments.positional[0]
        guard id.utf8.count <= idBytesMax else {
            throw arguments.misuse("an id has at most \(idBytesMax) bytes, not \(id.utf8.count)")
        }
        let found = try await OpenHub.with(arguments) { hub in
            try await Journey(log: hub.log, database: hub.database).find(id)
        }
        if found.steps.isEmpty { throw nothing(of: id, found) }
        if arguments.has(.json) { tellAsJSON(found.steps, console) } else { tell(found.steps, console) }
        for text in found.leftOut { console.complaint("not everything is shown: \(text)") }
    }

    private static let idBytesMax = 256

    private static func nothing(of id: String, _ found: FoundJourneys) -> CommandFailure {
        if found.longerIDs.isEmpty {
            return CommandFailure(
                "the hub has no records of \(id). Use the X-Correlation-Id of a response, or the id of a user, course or event; requests without events are kept for a day at most."
            )
        }
        let ids = found.longerIDs.joined(separator: ", ")
        return CommandFailure("\(id) is not a complete id. Ids that begin with it, perhaps not all: \(ids)")
    }

    private static func tellAsJSON(_ steps: [JourneyStep], _ console: Console) {
        var before: [String: Date] = [:]
        for step in steps {
            var members: [JSONTree.Member] = [
                .init("at", .time(step.at)),
                .init("afterMs", .number(step.milliseconds(after: before[step.correlationID]))),
                .init("service", .string(step.service.rawValue)), .init("kind", .string(step.kind.rawValue)),
                .init("name", .string(step.name)), .init("correlationId", .string(step.correlationID)),
            ]
            if let answer = step.answer {
                members.append(.init("status", .number(Double(answer.status))))
                members.append(.init("tookMs", .number(answer.milliseconds.rounded(1))))
            }
            if let id = step.eventID { members.append(.init("eventId", .string(id))) }
            if let id = step.causationID { members.append(.init("causationId", .string(id))) }
            console.json(.object(members))
            before[step.correlationID] = step.at
        }
    }

    /// Prints trace by trace, in order of time.
    private static func tell(_ steps: [JourneyStep], _ console: Console) {
        var order: [String] = []
        for step in steps where !order.contains(step.correlationID) { order.append(step.correlationID) }
        for (place, correlation) in order.enumerated() {
            let journey = steps.filter { $0.correlationID == correlation }
            guard let first = journey.first, let last = journey.last else { continue }
            if place > 0 { console.line() }
            console.line("\(correlation), \(first.at.shown)")
            var before = first.at
            let rows = journey.map { step in
                defer { before = step.at }
                let after = "+\(Duration.milliseconds(step.milliseconds(after: before)).shown)"
                return ["  \(after)", step.service.rawValue, step.kind.rawValue, step.name, step.outcome]
            }
            for row in Columns.aligned(rows) { console.line(row) }
            let steps = journey.count == 1 ? "1 step" : "\(journey.count) steps"
            console.line("  \(steps) in \(Duration.milliseconds(last.milliseconds(after: first.at)).shown)")
        }
    }
}

extension JourneyStep {
    /// The status of an answer and how long it took, or the id of an event.
    fileprivate var outcome: String {
        answer.map { "\($0.status) in \($0.milliseconds.rounded(1)) ms" } ?? eventID ?? ""
    }

    /// To a tenth; 0 for the first step.
    fileprivate func milliseconds(after before: Date?) -> Double {
        before.map { (at.timeIntervalSince($0) * 1_000).rounded(1) } ?? 0
    }
}
