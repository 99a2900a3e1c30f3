import Dispatch
import EventLoop
import HubTesting
import Messaging
import Postgres

/// A process of its own, as far as the server can tell: connections on a loop of its own, which can be stopped dead.
final class TestProcess: Sendable {
    let loops: EventLoopGroup
    /// Of the sender.
    let user: Database
    /// Of the receiver.
    let gamification: Database
    let log: PostgresLog
    private let isAwake = DispatchSemaphore(value: 0)

    /// - Parameter silenceMax: after so long the server takes it for dead.
    init(_ hub: TestHub, silenceMax: Duration = .seconds(1)) throws {
        loops = try EventLoopGroup(count: 1, name: "frozen")
        user = Database(url: hub.test.url, loops: loops, configuration: .init(schema: "user"))
        gamification = Database(
            url: hub.test.url, loops: loops,
            configuration: .init(transactionIdleMax: silenceMax, schema: "gamification"))
        var limits = PostgresLog.Limits()
        limits.silenceMax = silenceMax
        log = PostgresLog(database: user, loops: loops, limits: limits, logger: hub.logger)
        #if DEBUG
        for loop in loops.loops { loop.stalls.onStall { _ in } }
        #endif
    }

    /// Its thread answers nothing and says nothing, like that of a process that was sent SIGSTOP.
    func freeze() {
        let isAwake = isAwake
        for loop in loops.loops { loop.execute { isAwake.wait() } }
    }

    func wake() { isAwake.signal() }

    func end() async {
        await user.close()
        await gamification.close()
        await loops.shutdown()
    }
}
