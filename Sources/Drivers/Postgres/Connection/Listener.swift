internal import EventLoop
internal import Synchronization

/// The one connection that runs LISTEN for a database, open while there are subscribers.
// @unchecked: confined to its loop, except for the constants.
final class Listener: @unchecked Sendable {
    let loop: EventLoop
    private let url: String
    private let configuration: DatabaseConfiguration
    private var channels: [String: [UInt64: AsyncStream<String>.Continuation]] = [:]
    private var nextReader: UInt64 = 0
    private var connection: Connection?
    private var isConnecting = false
    private var isClosed = false
    private var failuresInARow = 0

    static let keptCountMax = 1_024

    init(url: String, loop: EventLoop, configuration: DatabaseConfiguration) {
        self.url = url
        self.loop = loop
        self.configuration = configuration
    }

    func stream(of channel: String) -> AsyncStream<String> {
        let (stream, reader) = AsyncStream.makeStream(
            of: String.self, bufferingPolicy: .bufferingNewest(Self.keptCountMax))
        loop.execute { self.add(reader, to: channel) }
        return stream
    }

    private func add(_ reader: AsyncStream<String>.Continuation, to channel: String) {
        if isClosed { return reader.finish() }
        nextReader += 1
        let id = nextReader
        let isNew = channels[channel] == nil
        channels[channel, default: [:]][id] = reader
        reader.onTermination = { [weak self] _ in
            guard let self else { return }
            loop.execute { self.remove(id, from: channel) }
        }
        // A subscriber that joins an already active channel has missed no notification it was promised.
        if connection == nil { connect() } else if isNew { listen(to: channel) } else { reader.yield("") }
    }

    private func remove(_ reader: UInt64, from channel: String) {
        channels[channel]?[reader] = nil
        guard channels[channel]?.isEmpty == true else { return }
        channels[channel] = nil
        if channels.isEmpty { connection?.close() } else { send("unlisten \(quoteIdentifier(channel))") { _ in } }
    }

    private func connect() {
        if isConnecting || isClosed || channels.isEmpty { return }
        isConnecting = true
        loop.start("postgres listen") {
            defer { self.isConnecting = false }
            while !self.isClosed, !self.channels.isEmpty {
                do {
                    let opened = try await Connector.open(url: self.url, self.configuration)
                    let connection = try Connection(
                        opened, loop: self.loop, configuration: self.configuration, isShared: false)
                    return self.adopt(connection)
                } catch {
                    self.failuresInARow += 1
                    let milliseconds = min(1_000, 20 << min(self.failuresInARow - 1, 6))
                    try await self.loop.sleep(for: .milliseconds(Int.random(in: milliseconds / 2...milliseconds)))
                }
            }
        }
    }

    private func adopt(_ connection: Connection) {
        if isClosed { return connection.close() }
        self.connection = connection
        failuresInARow = 0
        // The end of the connection breaks these reference cycles.
        connection.onNotification = { channel, payload in
            for reader in self.channels[channel, default: [:]].values { reader.yield(payload) }
        }
        connection.onClosed = { _, _ in
            self.connection = nil
            // Deferred: the closing connection must not call back into the pool.
            self.loop.start("postgres listen again") { self.connect() }
        }
        for channel in channels.keys { listen(to: channel) }
    }

    private func listen(to channel: String) {
        send("listen \(quoteIdentifier(channel))") { succeeded in
            // Notifications sent while no connection listened are lost: subscribers must check for themselves.
            if succeeded { for reader in self.channels[channel, default: [:]].values { reader.yield("") } }
        }
    }

    private func send(_ command: String, _ done: @escaping @Sendable (Bool) -> Void) {
        guard let connection else { return }
        loop.start("postgres listen command") {
            do {
                _ = try await Statement(SQL(raw: command)).wait(on: self.loop) { connection.submit($0) }
                done(true)
            } catch {
                // A connection on which LISTEN failed is closed; the next one retries.
                connection.close()
            }
        }
    }

    func close() {
        isClosed = true
        connection?.close()
        for reader in channels.values.flatMap(\.values) { reader.finish() }
        channels = [:]
    }
}
