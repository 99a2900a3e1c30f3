internal import CPostgres
internal import EventLoop

/// The socket side of a connection: libpq's handle and the watches on its descriptor. It knows nothing about statements.
///
/// Confined to the loop of its ``Connection``.
final class Wire {
    private let loop: EventLoop
    /// nil once closed.
    private(set) var handle: OpaquePointer?
    private var readWatch: Watch?
    private var writeWatch: Watch?

    /// Data can be read, or the server closed the connection.
    var onReadable: () -> Void = {}
    /// All buffered output has been sent.
    var onFlushed: () -> Void = {}
    var onLost: (PostgresError) -> Void = { _ in }

    init(_ handle: OpaquePointer, loop: EventLoop) {
        self.handle = handle
        self.loop = loop
    }

    /// libpq buffers output because the socket does not accept more.
    var isFlushing: Bool { writeWatch != nil }

    /// libpq's last error message.
    var failure: PostgresError {
        handle.map { PostgresError(.connection, Connector.firstLine(hub_pg_message($0))) } ?? .lost
    }

    /// - Throws: ``PostgresError`` when the loop cannot watch the descriptor.
    func watchReading() throws(PostgresError) {
        guard let handle, readWatch == nil else { return }
        do {
            readWatch = try loop.watch(hub_pg_descriptor(handle), for: .read) { _ in self.onReadable() }
        } catch {
            throw PostgresError(.connection, "the event loop cannot watch another connection")
        }
    }

    /// Unread data stays in the socket buffer, not in our memory.
    func pauseReading() {
        readWatch?.cancel()
        readWatch = nil
    }

    func resumeReading() {
        do { try watchReading() } catch { onLost(error) }
    }

    func flush() {
        guard let handle, writeWatch == nil else { return }
        switch hub_pg_flush(handle) {
        case 0: break
        case 1:
            do {
                writeWatch = try loop.watch(hub_pg_descriptor(handle), for: .write) { _ in self.flushMore() }
            } catch {
                onLost(PostgresError(.connection, "the event loop cannot watch the connection"))
            }
        default: onLost(failure)
        }
    }

    private func flushMore() {
        guard let handle else { return }
        let status = hub_pg_flush(handle)
        if status == 1 { return }
        writeWatch?.cancel()
        writeWatch = nil
        if status < 0 { onLost(failure) }
        onFlushed()
    }

    func close() {
        guard let handle else { return }
        self.handle = nil
        pauseReading()
        writeWatch?.cancel()
        writeWatch = nil
        hub_pg_close(handle)
        onReadable = {}
        onFlushed = {}
        onLost = { _ in }
    }
}
