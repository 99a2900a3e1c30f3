internal import Messaging
internal import Synchronization

/// The task kinds that are paused in this process because a dependency was down.
///
/// Otherwise thousands of tasks that wait for one server would call it repeatedly. A kind whose attempt met an unavailable
/// dependency gets no task for a growing pause, then a single probe task at a time, until the dependency responds.
final class TaskRests: Sendable {
    private struct Rest {
        var downCount = 0
        var end: ContinuousClock.Instant
        /// Whether a probe task runs.
        var isProbed = false
    }

    private let rests = Mutex<[String: Rest]>([:])
    private let uptime: Uptime

    init(uptime: @escaping Uptime) { self.uptime = uptime }

    /// The remaining pause of the kind; nil if it may run.
    func left(of kind: String) -> Duration? {
        let time = uptime()
        return rests.withLock { rests in
            guard let rest = rests[kind], time < rest.end else { return nil }
            return rest.end - time
        }
    }

    /// How many tasks of the kind may start with `free` free slots.
    func room(of kind: String, _ free: Int) -> Int {
        let time = uptime()
        return rests.withLock { rests in
            guard let rest = rests[kind] else { return free }
            return rest.isProbed || time < rest.end ? 0 : min(1, free)
        }
    }

    /// Starts a task of the kind.
    /// - Returns: whether it is the probe.
    func begin(_ kind: String) -> Bool {
        rests.withLock { rests in
            let isProbe = rests[kind] != nil
            if isProbe { rests[kind]?.isProbed = true }
            return isProbe
        }
    }

    /// The probe task ended, with any result.
    func endProbe(_ kind: String) { rests.withLock { $0[kind]?.isProbed = false } }

    /// The dependency responded, even if it refused the task.
    func answered(_ kind: String) { rests.withLock { $0[kind] = nil } }

    /// The dependency was down. Concurrent failures count once.
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
