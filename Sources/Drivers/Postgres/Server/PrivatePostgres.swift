/// A PostgreSQL server of our own in a folder, reachable through a socket file only its users can open.
public final class PrivatePostgres: Sendable {
    public struct Configuration: Sendable {
        /// Holds the data; made when missing.
        public var folder: String
        /// Connections of all clients together.
        public var connectionsMax: Int
        /// Also listens on this loopback port; nil listens on the socket file alone.
        public var port: Int?
        /// How long to wait for the server to start.
        public var startTimeout: Duration

        public init(
            folder: String, connectionsMax: Int = 400, port: Int? = nil, startTimeout: Duration = .seconds(60)
        ) {
            self.folder = folder
            self.connectionsMax = connectionsMax
            self.port = port
            self.startTimeout = startTimeout
        }
    }

    public let configuration: Configuration

    init(configuration: Configuration) {
        self.configuration = configuration
    }

    /// Initialises the folder when it is new, and starts the server or finds the one that runs there already.
    ///
    /// Work that blocks is done on a thread of its own: this may be called from a loop.
    /// - Throws: ``PostgresError`` of kind `startup`, in words a person can act on.
    public static func start(_ configuration: Configuration) async throws -> PrivatePostgres {
        throw PostgresError(.startup, "not yet")
    }

    /// What ``Database/init(url:loops:configuration:)`` takes, for a database of this server.
    public func url(database: String = "postgres") -> String { "" }

    /// Ends the server in an orderly way; what is committed stays.
    public func stop() async {}
}
