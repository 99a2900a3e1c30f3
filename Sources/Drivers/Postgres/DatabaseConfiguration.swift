/// The limits of a ``Database``.
public struct DatabaseConfiguration: Sendable {
    /// The maximum number of connections per loop, shared ones included.
    public var connectionsPerLoop: Int
    /// How many connections per loop are shared by single statements of many requests.
    public var pipelinedPerLoop: Int
    /// How many statements may be in flight on one shared connection; further statements wait in a queue.
    public var pipelineDepthMax: Int
    /// How many statements and transactions per loop may wait for a connection; further ones fail with `busy`.
    public var waitingCountMax: Int
    /// How many prepared statements are kept per connection.
    public var preparedCountMax: Int
    /// The statement timeout; after it the statement is cancelled on the server.
    public var statementTimeout: Duration
    /// How long a transaction may stay idle between two statements. Then the server ends it and releases its locks, so that a frozen
    /// process blocks others no longer than this.
    public var transactionIdleMax: Duration
    /// How long to wait for a free connection.
    public var acquireTimeout: Duration
    /// How long callers wait for an unreachable server, for example during a restart. After that they fail at once, except those that
    /// arrive during a connection attempt: they wait for its outcome, for at most the same time again.
    public var outageGrace: Duration
    /// The connect timeout in whole seconds, at least 2.
    public var connectTimeout: Duration
    /// How long a connection beyond the first may be idle before it is closed.
    public var idleTimeout: Duration
    /// The application name, shown in `pg_stat_activity`.
    public var applicationName: String
    /// The schema in which unqualified names are resolved; nil leaves the server's default.
    public var schema: String?
    /// The role to set after log-in.
    public var role: String?

    public init(
        connectionsPerLoop: Int = 8, pipelinedPerLoop: Int = 1, pipelineDepthMax: Int = 512,
        waitingCountMax: Int = 65_536, preparedCountMax: Int = 256, statementTimeout: Duration = .seconds(10),
        transactionIdleMax: Duration = .seconds(60),
        acquireTimeout: Duration = .seconds(5), outageGrace: Duration = .seconds(5),
        connectTimeout: Duration = .seconds(5),
        idleTimeout: Duration = .seconds(60), applicationName: String = "learning-hub", schema: String? = nil,
        role: String? = nil
    ) {
        self.connectionsPerLoop = connectionsPerLoop
        self.pipelinedPerLoop = pipelinedPerLoop
        self.pipelineDepthMax = pipelineDepthMax
        self.waitingCountMax = waitingCountMax
        self.preparedCountMax = preparedCountMax
        self.statementTimeout = statementTimeout
        self.transactionIdleMax = transactionIdleMax
        self.acquireTimeout = acquireTimeout
        self.outageGrace = outageGrace
        self.connectTimeout = connectTimeout
        self.idleTimeout = idleTimeout
        self.applicationName = applicationName
        self.schema = schema
        self.role = role
    }
}
