internal import CPostgres

/// libpq's handle for cancelling a connection's statement, usable from any thread.
// @unchecked: libpq only reads it; it is freed with the last reference.
final class CancelHandle: @unchecked Sendable {
    private let handle: OpaquePointer

    init?(_ connection: OpaquePointer) {
        guard let handle = hub_pg_cancel_new(connection) else { return nil }
        self.handle = handle
    }

    deinit { hub_pg_cancel_free(handle) }

    /// Blocks: it opens a separate connection.
    func send() { _ = hub_pg_cancel_send(handle) }
}
