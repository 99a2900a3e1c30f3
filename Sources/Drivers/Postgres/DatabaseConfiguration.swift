/// The limits of a ``Database``.
public struct DatabaseConfiguration: Sendable {
    /// Connections of each loop at most, those for pipelined statements among them.
    public var connectionsPerLoop: Int
    /// Connections of each loop that single statements of many requests share.
    public var pipelinedPerLoop: Int
    /// Statements that are under way on one shared connection at once; more wait in line.
    public var pipelineDepthMax: Int
    /// Statements and transactions of one loop that may wait for a connection; one more fails with `busy`.
    public var waitingCountMax: Int
    /// Statements kept prepared on each connection.
    public var preparedCountMax: Int
    /// How long one statement may take before it is cancelled on the server.
    public var statementTimeout: Duration
    /// How long a transaction may wait for its caller between two statements. Then the server ends it, and with it what it locks: a
    /// process that was frozen keeps others waiting no longer than this.
    public var transactionIdleMax: Duration
    /// How long to wait for a connection.
    public var acquireTimeout: Duration
    /// How long a server that takes no connection may still be on its way back, as after a restart: callers wait for it meanwhile.
    /// After that they fail at once, but for those who come while an attempt to connect is under way: these wait for its outcome,
    /// for as long again at most.
    public var outageGrace: Duration
    /// How long one attempt to connect may take, in whole seconds, 2 at least.
    public var connectTimeout: Duration
    /// How long a connection beyond the first may be unused before it is closed.
    public var idleTimeout: Duration
    /// What the server's lists of connections show.
    public var applicationName: String
    /// The one schema unqualified names are looked up in; nil leaves the server's default.
    public var schema: String?
    /// The role the connection takes on after log-in.
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
