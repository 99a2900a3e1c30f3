internal import EventLoop
internal import Messaging
internal import Observability
internal import Synchronization

/// Keeps long work going: what throws is logged and started again after a pause; what is cancelled ends.
final class Supervisor: Sendable {
    private let loops: EventLoopGroup
    private let logger: Logger
    private let tasks = Mutex<[Task<Void, any Error>]>([])

    init(loops: EventLoopGroup, logger: Logger) {
        self.loops = loops
        self.logger = logger
    }

    func start(_ name: String, _ work: @escaping @Sendable () async throws -> Void) {
        let loop = loops.next()
        let logger = logger
        let task = loop.start(name) {
            var failures = 0
            var random = SystemRandomNumberGenerator()
            let pause = RetryPolicy()
            while !Task.isCancelled {
                do {
                    try await work()
                    return
                } catch {
                    if Task.isCancelled { return }
                    failures += 1
                    logger.error("work failed and starts again", [.name: .text(name), .error: LogValue(error)])
                    try await loop.sleep(for: pause.delay(after: failures, using: &random))
                }
            }
        }
        tasks.withLock { $0.append(task) }
    }

    /// Cancels everything and waits until it has ended.
    func stop() async {
        let ending = tasks.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        for task in ending { task.cancel() }
        for task in ending { _ = await task.result }
    }
}
