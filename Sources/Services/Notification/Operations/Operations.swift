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

/// What the service can do, one method a use case; each use case has its file.
struct Operations: Sendable {
    let database: Database
    let outbox: Outbox
    let tasks: Tasks
    let from: Mailbox
    /// Of those whose own is not known.
    let language: Language
    /// Nil: no mail server is configured, the development mailbox takes the mail.
    let sender: MailSender?
    let now: @Sendable () -> Date
    let store = Store()
    var journal: Journal { Journal(now: now) }

    /// The `Message-ID` of the mail an event asks for: whenever it goes out, it is the same.
    func messageID(of event: EventID) -> MessageID { MessageID(eventID: event.rawValue, domain: from.address.domain) }
}

extension Journey {
    /// That of the work at hand; a new one outside of any.
    static var current: Journey {
        let trace = TraceContext.current ?? .root()
        return Journey(correlationID: trace.correlationID, traceparent: trace.traceparent.description)
    }

    /// To go on with it.
    func resumed(because cause: EventID) -> TraceContext {
        let known = TraceContext.request(correlationID: correlationID, traceparent: traceparent)
        return TraceContext(
            correlationID: known.correlationID, traceparent: known.traceparent, causationID: cause.rawValue)
    }
}
