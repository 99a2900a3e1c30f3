internal import Messaging
internal import Synchronization

/// Which kinds of task rest in this process, because something that they need was down.
///
/// Each of thousands of tasks that wait for one server would otherwise knock at it, again and again. A kind whose attempt met a dependency
/// that was down gets no task for a growing pause, then a single one, to find out, until the dependency answers.
final class TaskRests: Sendable {
    private struct Rest {
        var downCount = 0
        var end: ContinuousClock.Instant
        /// Whether a task is finding out.
        var isProbed = false
    }

    private let rests = Mutex<[String: Rest]>([:])
    private let uptime: Uptime

    init(uptime: @escaping Uptime) { self.uptime = uptime }

    /// How long the kind rests yet; nil when it may be tried.
    func left(of kind: String) -> Duration? {
        let time = uptime()
        return rests.withLock { rests in
            guard let rest = rests[kind], time < rest.end else { return nil }
            return rest.end - time
        }
    }

    /// How many tasks of the kind may be begun when there is room for `free`.
    func room(of kind: String, _ free: Int) -> Int {
        let time = uptime()
        return rests.withLock { rests in
            guard let rest = rests[kind] else { return free }
            return rest.isProbed || time < rest.end ? 0 : min(1, free)
        }
    }

    /// A task of the kind is begun.
    /// - Returns: whether it is the one that finds out.
    func begin(_ kind: String) -> Bool {
        rests.withLock { rests in
            let isProbe = rests[kind] != nil
            if isProbe { rests[kind]?.isProbed = true }
            return isProbe
        }
    }

    /// The task that was to find out has ended, whatever came of it.
    func endProbe(_ kind: String) { rests.withLock { $0[kind]?.isProbed = false } }

    /// What the kind needs answered, if only to refuse this one task.
    func answered(_ kind: String) { rests.withLock { $0[kind] = nil } }

    /// It did not. Tasks that were at work together fail together, and count once.
    func metDown(_ kind: String, _ policy: RetryPolicy) {
        let time = uptime()
        rests.withLock { rests in
            var rest = rests[kind] ?? Rest(end: time)
            if time < rest.end { return }
            rest.downCount += 1
            var random = SystemRandomNumberGenerator()
            rest.end = time + policy.dependencyDelay(after: rest.downCount, using: &random)
            rests[kind] = rest
        }
    }
}
