internal import CEvent
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// One thread that waits for file descriptors and timers and runs Swift tasks between them.
///
/// A loop is both a task executor and a serial executor. Tasks started with it as preference, actors whose `unownedExecutor` is the loop,
/// and the callbacks of its watches all run on one thread, so they share state without locks or thread switches. Blocking work must not
/// run here; see ``BlockingPool``.
// @unchecked: `handle` and `localJobs` are accessed on the loop's thread only; state shared with other threads is guarded by
// `remote`.
public final class EventLoop: TaskExecutor, SerialExecutor, @unchecked Sendable {
    public let name: String
    private let handle: OpaquePointer
    private var localJobs: [UnownedJob] = []
    private var runningJobs: [UnownedJob] = []
    private let remote = Mutex(Remote())
    #if DEBUG
    public let stalls = StallReporter()
    #endif

    private struct Remote {
        var jobs: [UnownedJob] = []
        var wakePending = false
        var stopping = false
        var stopped: [CheckedContinuation<Void, Never>] = []
    }

    /// Starts the loop's thread.
    ///
    /// - Throws: ``EventLoopError/outOfResources`` when no file descriptor or thread is available.
    public init(name: String) throws(EventLoopError) {
        guard let handle = hub_loop_new() else { throw .outOfResources }
        self.name = name
        self.handle = handle
        // The thread keeps the loop alive until it stops; `runLoopThread` takes this reference over.
        let context = Unmanaged.passRetained(self)
        guard startThread(running: runLoopThread, context: context.toOpaque()) else {
            context.release()
            throw .outOfResources
        }
    }

    deinit { hub_loop_free(handle) }

    // MARK: The current loop

    /// The loop of the calling thread, nil on any other thread.
    public static var current: EventLoop? {
        hub_thread_current().map { Unmanaged<EventLoop>.fromOpaque($0).takeUnretainedValue() }
    }

    public var isCurrent: Bool { hub_thread_current() == Unmanaged.passUnretained(self).toOpaque() }

    /// Traps when called from another thread; such a call is a programmer error.
    public func preconditionCurrent() {
        precondition(isCurrent, "this belongs to the loop '\(name)' and was called from another thread")
    }

    public func checkIsolated() { preconditionCurrent() }

    public func isIsolatingCurrentContext() -> Bool? { isCurrent }

    // MARK: Work

    /// Runs `body` on this loop and returns what it returns. Cancelling the caller cancels it.
    /// - Parameter name: what the report of a stalled loop calls this work.
    @discardableResult
    public func run<Result: Sendable>(
        _ name: String, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = start(name, body)
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Starts `body` as a separate task on this loop. The caller owns the task and must end it.
    /// - Parameter name: what the report of a stalled loop calls this work.
    @discardableResult
    public func start<Result: Sendable>(
        _ name: @autoclosure @escaping @Sendable () -> String, _ body: @escaping @Sendable () async throws -> Result
    ) -> Task<Result, any Error> {
        #if DEBUG
        Task(executorPreference: self) {
            let name = name()
            let job = self.stalls.begin(name)
            defer { self.stalls.end(job) }
            return try await body()
        }
        #else
        Task(executorPreference: self, operation: body)
        #endif
    }

    /// Calls `body` on the loop's thread: immediately when the caller is on it, otherwise in the loop's next iteration.
    public func execute(_ body: @escaping @Sendable () -> Void) {
        if isCurrent { body() } else { start("execute") { body() } }
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            localJobs.append(job)
            return
        }
        let mustWake = remote.withLock { remote in
            remote.jobs.append(job)
            defer { remote.wakePending = true }
            return !remote.wakePending
        }
        if mustWake { hub_loop_wake(handle) }
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    // MARK: Descriptors and timers

    /// What a watched descriptor is ready for.
    public struct Readiness: OptionSet, Sendable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }
        public static let read = Readiness(rawValue: Int32(HUB_READ))
        public static let write = Readiness(rawValue: Int32(HUB_WRITE))
    }

    /// Calls `body` on the loop whenever `descriptor` is ready, until the watch is cancelled. Call on the loop's thread.
    ///
    /// The caller owns the descriptor and must cancel the watch before closing it.
    /// - Throws: ``EventLoopError/outOfResources`` when the descriptor cannot be watched.
    public func watch(
        _ descriptor: Int32, for readiness: Readiness, _ body: @escaping (Readiness) -> Void
    ) throws(EventLoopError) -> Watch {
        preconditionCurrent()
        guard descriptor >= 0 else { throw .outOfResources }
        let watch = Watch(loop: self, body)
        try watch.arm { hub_event_watch(handle, descriptor, readiness.rawValue, watchCallback, $0) }
        return watch
    }

    /// Calls `body` once on the loop after `delay`, unless the watch is cancelled before. Call on the loop's thread.
    /// - Throws: ``EventLoopError/outOfResources`` when there is no memory for the timer.
    public func schedule(after delay: Duration, _ body: @escaping () -> Void) throws(EventLoopError) -> Watch {
        preconditionCurrent()
        let watch = Watch(loop: self) { _ in body() }
        watch.isTimer = true
        try watch.arm { hub_event_timer(handle, delay.nanosecondsClamped, watchCallback, $0) }
        return watch
    }

    // MARK: The thread

    fileprivate func runThread() {
        hub_thread_set_current(Unmanaged.passUnretained(self).toOpaque())
        while true {
            let stopping = takeRemoteJobs()
            runJobs()
            if stopping && localJobs.isEmpty { break }
            if hub_loop_turn(handle, localJobs.isEmpty ? 0 : 1) != 0 { break }
        }
        hub_thread_set_current(nil)
        for waiter in remote.withLock({ $0.stopped }) { waiter.resume() }
    }

    private func takeRemoteJobs() -> Bool {
        remote.withLock { remote in
            remote.wakePending = false
            localJobs.append(contentsOf: remote.jobs)
            remote.jobs.removeAll(keepingCapacity: true)
            return remote.stopping
        }
    }

    /// Runs the jobs queued now; jobs they enqueue run in the next iteration, so that descriptors are never starved.
    private func runJobs() {
        swap(&localJobs, &runningJobs)
        let serial = asUnownedSerialExecutor(), task = asUnownedTaskExecutor()
        for job in runningJobs {
            #if DEBUG
            stalls.measure(job.description, loop: name) { job.runSynchronously(isolatedTo: serial, taskExecutor: task) }
            #else
            job.runSynchronously(isolatedTo: serial, taskExecutor: task)
            #endif
        }
        runningJobs.removeAll(keepingCapacity: true)
    }

    /// Stops the thread once its queue is empty, and waits for its end. Remaining tasks and watches never run again: end them first. Must
    /// not be called from the loop itself.
    public func shutdown() async {
        precondition(!isCurrent, "a loop cannot wait for its own end")
        await withCheckedContinuation { continuation in
            let alreadyStopping = remote.withLock { remote in
                remote.stopped.append(continuation)
                defer { remote.stopping = true }
                return remote.stopping
            }
            precondition(!alreadyStopping, "a loop is shut down once")
            hub_loop_wake(handle)
        }
    }
}

/// Why a loop, a watch or a timer could not be created.
public enum EventLoopError: Error, Sendable {
    case outOfResources
}

/// A descriptor watch or a timer. It stays armed until ``cancel()``; a timer also ends when it fires.
///
/// Belongs to its loop: create and cancel it on the loop's thread.
public final class Watch {
    private let loop: EventLoop
    private var event: OpaquePointer?
    private var body: ((EventLoop.Readiness) -> Void)?
    /// Keeps the watch alive while libevent holds its address.
    private var keepAlive: Watch?
    fileprivate var isTimer = false

    fileprivate init(loop: EventLoop, _ body: @escaping (EventLoop.Readiness) -> Void) {
        self.loop = loop
        self.body = body
    }

    fileprivate func arm(_ make: (UnsafeMutableRawPointer) -> OpaquePointer?) throws(EventLoopError) {
        guard let event = make(Unmanaged.passUnretained(self).toOpaque()) else { throw .outOfResources }
        self.event = event
        keepAlive = self
    }

    fileprivate func fire(_ readiness: EventLoop.Readiness) {
        guard let body else { return }
        if isTimer { cancel() }
        #if DEBUG
        loop.stalls.measure(isTimer ? "a timer" : "a descriptor watch", loop: loop.name) { body(readiness) }
        #else
        body(readiness)
        #endif
    }

    /// After this call `body` is not called again. May be called from within `body`, and more than once.
    public func cancel() {
        guard let event else { return }
        loop.preconditionCurrent()
        hub_event_free(event)
        self.event = nil
        body = nil
        keepAlive = nil
    }
}

private func watchCallback(_ descriptor: Int32, _ what: Int32, _ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    // Retained for the call: a body may cancel its own watch.
    let watch = Unmanaged<Watch>.fromOpaque(context).takeUnretainedValue()
    withExtendedLifetime(watch) { watch.fire(EventLoop.Readiness(rawValue: what)) }
}

private func runLoopThread(_ context: UnsafeMutableRawPointer) {
    let loop = Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue()
    hub_thread_set_name(loop.name)
    loop.runThread()
}

extension Duration {
    /// Whole nanoseconds, at most a year and at least 0: timers take any duration without overflow.
    var nanosecondsClamped: Int64 {
        let (seconds, attoseconds) = components
        if seconds < 0 { return 0 }
        return min(seconds, 366 * 86_400) * 1_000_000_000 + max(0, attoseconds / 1_000_000_000)
    }
}
