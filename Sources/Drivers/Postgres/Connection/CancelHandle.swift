internal import CPostgres

/// What libpq needs to ask the server to stop a connection's statement, from any thread.
// @unchecked: libpq only reads it; it is freed when nobody holds it any more.
final class CancelHandle: @unchecked Sendable {
    private let handle: OpaquePointer

    init?(_ connection: OpaquePointer) {
        guard let handle = hub_pg_cancel_new(connection) else { return nil }
        self.handle = handle
    }

    deinit { hub_pg_cancel_free(handle) }

    /// Blocks: it opens a connection of its own.
    func send() { _ = hub_pg_cancel_send(handle) }
}
