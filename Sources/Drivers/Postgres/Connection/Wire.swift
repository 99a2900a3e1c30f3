internal import CPostgres
internal import EventLoop

/// The system's side of a connection: libpq's handle, and the watches on its descriptor. It knows nothing of statements.
///
/// Confined to the loop of its ``Connection``.
final class Wire {
    private let loop: EventLoop
    /// nil once closed.
    private(set) var handle: OpaquePointer?
    private var readWatch: Watch?
    private var writeWatch: Watch?

    /// There is something to read, or an end to be noticed.
    var onReadable: () -> Void = {}
    /// What could not be sent at once is on its way.
    var onFlushed: () -> Void = {}
    var onLost: (PostgresError) -> Void = { _ in }

    init(_ handle: OpaquePointer, loop: EventLoop) {
        self.handle = handle
        self.loop = loop
    }

    /// More is to be sent than the system takes at once.
    var isFlushing: Bool { writeWatch != nil }

    /// What libpq said last.
    var failure: PostgresError {
        PostgresError(.connection, handle.map { Connector.firstLine(hub_pg_message($0)) } ?? "the connection was lost")
    }

    /// - Throws: ``PostgresError`` when the loop cannot watch the descriptor.
    func watchReading() throws(PostgresError) {
        guard let handle, readWatch == nil else { return }
        do {
            readWatch = try loop.watch(hub_pg_descriptor(handle), for: .read) { _ in self.onReadable() }
        } catch {
            throw PostgresError(.connection, "the loop cannot watch another connection")
        }
    }

    /// What is not asked for stays with the system, not in our memory.
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
                onLost(PostgresError(.connection, "the loop cannot watch the connection"))
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
