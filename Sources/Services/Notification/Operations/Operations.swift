internal import Contracts
internal import EventLoop
internal import Mail
internal import Messaging
internal import Observability
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The service's use cases, each in its own file.
struct Operations: Sendable {
    let database: Database
    let outbox: Outbox
    let tasks: Tasks
    let from: Mailbox
    /// The language of people without a known one.
    let language: Language
    /// nil: no mail server is configured; the development mailbox is used.
    let sender: MailSender?
    let now: @Sendable () -> Date
    let store = Store()
    var journal: Journal { Journal(now: now) }

    /// The `Message-ID` of the mail for an event; the same for every attempt.
    func messageID(of event: EventID) -> MessageID { MessageID(eventID: event.rawValue, domain: from.address.domain) }
}

extension Journey {
    /// The trace of the current work; a new one if there is none.
    static var current: Journey {
        let trace = TraceContext.current ?? .root()
        return Journey(correlationID: trace.correlationID, traceparent: trace.traceparent.description)
    }

    /// The context for continuing the trace.
    func resumed(because cause: EventID) -> TraceContext {
        let known = TraceContext.request(correlationID: correlationID, traceparent: traceparent)
        return TraceContext(
            correlationID: known.correlationID, traceparent: known.traceparent, causationID: cause.rawValue)
    }
}
