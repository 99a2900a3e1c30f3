internal import CEvent
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A bounded pool of threads for work that blocks or burns: password hashes, files, compression. Never run those on a loop.
// @unchecked: the queue is guarded by the POSIX mutex beside it; the pointers live as long as the pool.
public final class BlockingPool: @unchecked Sendable {
    /// Why work was not taken.
    public enum Refusal: Error, Sendable {
        /// `queueCountMax` pieces of work wait already.
        case busy
    }

    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Work from `head` on waits; what was taken is nil, so that nothing it holds, a password, stays longer than the work.
    private var queue: [(@Sendable () -> Void)?] = []
    private var head = 0
    private var stopping = false
    private let queueCountMax: Int
    fileprivate let givesWay: Bool

    /// - Parameters:
    ///   - threadCount: threads that work at once.
    ///   - queueCountMax: pieces of work that may wait for a thread; one more is refused.
    ///   - givesWay: whether other threads come first where there are more than processors; for work that burns.
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

    /// Runs `work` on a thread of the pool; the caller's loop goes on meanwhile.
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

    /// Lets the threads finish what is queued and end. Later work is refused.
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
