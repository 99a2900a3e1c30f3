internal import Contracts
internal import HTTP
internal import Messaging
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Records that a service erased a user. The record commits with the effects of its `user.deleted` handler, and counts once the
/// handler's tasks are done. The user service queries it until every service that must erase has done so.
enum Erasures {
    static let migration = Migration(
        id: "platform-004-erasures",
        sql: """
            create table erasure (
                user_id text primary key,
                erased_at timestamptz not null default clock_timestamp()
            );
            """)
    /// Adds the event that caused remaining work: files to delete, a plan to end.
    static let causeMigration = Migration(
        id: "platform-005-what-erasures-lead-to",
        sql: """
            alter table erasure add column event_id text;
            create index task_of_cause on task (causation_id) where state <> 'done';
            """)

    /// Runs after the service's own handlers of the event, in their transaction.
    static let handler = Handler(name: "noteErasureOnUserDeleted", on: UserDeleted.self) { received, tx in
        tx.submit(
            """
            insert into erasure (user_id, event_id)
            values (\(received.event.userID.rawValue), \(received.eventID.rawValue)) on conflict do nothing
            """)
    }

    struct View: Codable {
        let userId: String
        let erasedAt: Date
    }

    static func addRoute(to routes: inout Routes, _ database: Database) {
        routes.get("/internal/erasures/{id}", .service(.user)) { request in
            let id = try request.id("id", as: UserID.self)
            let rows = try await database.query(
                """
                select erased_at from erasure e where user_id = \(id.rawValue)
                    and not exists (select from task t where t.causation_id = e.event_id and t.state <> 'done')
                """)
            guard let erasedAt = try rows.first?.decode(Date.self) else { throw Problem.notFound }
            return try .ok(View(userId: id.rawValue, erasedAt: erasedAt))
        }
    }
}
