internal import CEvent
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A bounded thread pool for blocking or CPU-bound work: password hashes, files, compression. Never run such work on a loop.
// @unchecked: the queue is guarded by the POSIX mutex beside it; the pointers live as long as the pool.
public final class BlockingPool: @unchecked Sendable {
    /// Why the pool refused work.
    public enum Refusal: Error, Sendable {
        /// The queue already holds `queueCountMax` jobs.
        case busy
    }

    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Jobs from `head` on are waiting. Slots of started jobs are nil, so that captured values, such as passwords, are released with the
    /// job.
    private var queue: [(@Sendable () -> Void)?] = []
    private var head = 0
    private var stopping = false
    private let queueCountMax: Int
    fileprivate let givesWay: Bool

    /// - Parameters:
    ///   - threadCount: the number of threads.
    ///   - queueCountMax: how many jobs may wait for a thread; further jobs are refused.
    ///   - givesWay: whether the threads have a lower priority than others; for CPU-bound work.
    /// - Throws: ``EventLoopError/outOfResources`` when no thread can be started.
    public init(
        name: String, threadCount: Int, queueCountMax: Int, givesWay: Bool = false
    ) throws(EventLoopError) {
        self.queueCountMax = queueCountMax
        self.givesWay = givesWay
        pthread_mutex_init(lock, nil)
        pthread_cond_init(arrived, nil)
        for _ in 0..<max(1, threadCount) {
            let context = Unmanaged.passRetained(PoolThread(pool: self, name: name))
            guard startThread(running: runPoolThread, context: context.toOpaque()) else {
                context.release()
                shutdown()
                throw .outOfResources
            }
        }
    }

    deinit {
        pthread_cond_destroy(arrived)
        pthread_mutex_destroy(lock)
        arrived.deallocate()
        lock.deallocate()
    }

    /// Runs `work` on a thread of the pool without blocking the caller's loop.
    /// - Throws: ``Refusal/busy`` when the queue is full, `CancellationError` when the caller was cancelled before a thread was
    ///   free, and what `work` throws.
    public func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        let cancelled = Flag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Result, any Error>) in
                let accepted = submit {
                    if cancelled.isSet {
                        continuation.resume(throwing: CancellationError())
                    } else {
                        continuation.resume(with: Swift.Result { try work() })
                    }
                }
                if !accepted { continuation.resume(throwing: Refusal.busy) }
            }
        } onCancel: {
            cancelled.set()
        }
    }

    /// Lets the threads finish the queued jobs and stops them. Later jobs are refused.
    public func shutdown() {
        pthread_mutex_lock(lock)
        stopping = true
        pthread_cond_broadcast(arrived)
        pthread_mutex_unlock(lock)
    }

    private func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        if stopping || queue.count - head >= queueCountMax { return false }
        queue.append(work)
        pthread_cond_signal(arrived)
        return true
    }

    fileprivate func runThread() {
        while let work = take() { work() }
    }

    private func take() -> (@Sendable () -> Void)? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while head == queue.count {
            if stopping { return nil }
            pthread_cond_wait(arrived, lock)
        }
        let work = queue[head]
        queue[head] = nil
        head += 1
        if head * 2 >= queue.count {
            queue.removeFirst(head)
            head = 0
        }
        return work
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}

private final class PoolThread: Sendable {
    let pool: BlockingPool
    let name: String
    init(pool: BlockingPool, name: String) {
        self.pool = pool
        self.name = name
    }
}

private func runPoolThread(_ context: UnsafeMutableRawPointer) {
    let thread = Unmanaged<PoolThread>.fromOpaque(context).takeRetainedValue()
    hub_thread_set_name(thread.name)
    if thread.pool.givesWay { hub_thread_give_way() }
    thread.pool.runThread()
}
