internal import EventLoop
internal import Messaging
internal import Observability
internal import Synchronization

/// Restarts long work after a pause when it throws, and logs the error; cancellation ends it.
///
/// The pause grows with each failure, and is reset after the work has run for ``calmTime``.
final class Supervisor: Sendable {
    static let calmTime = Duration.seconds(60)

    private let loops: EventLoopGroup
    private let logger: Logger
    private let uptime: Uptime
    private let tasks = Mutex<[Task<Void, any Error>]>([])

    init(loops: EventLoopGroup, logger: Logger, uptime: @escaping Uptime = { .now }) {
        self.loops = loops
        self.logger = logger
        self.uptime = uptime
    }

    func start(_ name: String, _ work: @escaping @Sendable () async throws -> Void) {
        let loop = loops.next()
        let (logger, uptime) = (logger, uptime)
        let outage = OutageLog(
            logger, level: .error, failing: "background work failed and is restarted",
            over: "background work runs again", uptime: uptime)
        let task = loop.start(name) {
            var failures = 0
            var random = SystemRandomNumberGenerator()
            let pause = RetryPolicy()
            while !Task.isCancelled {
                let start = uptime()
                let calm = loop.start("calm of \(name)") {
                    try await loop.sleep(for: Self.calmTime)
                    outage.succeeded([.name: .text(name)])
                }
                defer { calm.cancel() }
                do {
                    try await work()
                    return
                } catch {
                    if Task.isCancelled { return }
                    failures = uptime() - start < Self.calmTime ? failures + 1 : 1
                    outage.failed([.name: .text(name), .attempt: LogValue(failures), .error: LogValue(error)])
                    try await loop.sleep(for: pause.delay(after: failures, using: &random))
                }
            }
        }
        tasks.withLock { $0.append(task) }
    }

    /// Cancels all work and waits until it has ended.
    func stop() async {
        let ending = tasks.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        for task in ending { task.cancel() }
        for task in ending { _ = await task.result }
    }
}
