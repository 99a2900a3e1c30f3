#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
internal import Contracts
internal import EventLoop
internal import HTTP
internal import Observability
internal import Platform
internal import Synchronization

/// The open live streams, and each user's last events, so that a reconnect loses nothing.
///
/// Events of users without streams are only counted.
final class LiveStreams: Sendable {
    private struct Person {
        var queues: [ObjectIdentifier: LiveQueue] = [:]
        /// With their numbers.
        var kept: [(number: Int, event: LiveEvent)] = []
        /// All events after this number are kept.
        var wholeSince: Int
        var goneAt: ContinuousClock.Instant?
    }

    private struct State {
        /// Of the last event.
        var number = 0
        var people: [UserID: Person] = [:]
        var streamCount = 0
        /// Users who left, in order; some may be back.
        var gone = FIFO<(UserID, ContinuousClock.Instant)>()
        /// The process follows the log.
        var isFollowing = false
        var isClosed = false
    }

    private let limits: LiveLimits
    private let loops: EventLoopGroup
    private let now: @Sendable () -> Date
    private let uptime: Uptime
    /// Marks this process's positions.
    private let run: UInt64
    private let state = Mutex(State())

    init(_ context: ServiceContext, limits: LiveLimits = LiveLimits(), run: UInt64 = .random(in: 0...UInt64.max)) {
        precondition(
            limits.keptCountMax < limits.queuedCountMax,
            "a reader that reconnects would exceed its queue and be disconnected")
        self.limits = limits
        loops = context.loops
        now = context.clock
        uptime = context.uptime
        self.run = run
        context.metrics.gauge("gateway_live_streams", help: "Open streams of live updates.") { [weak self] in
            Double(self?.streamCount ?? 0)
        }
    }

    var streamCount: Int { state.withLock { $0.streamCount } }

    /// Whether events are delivered. Streams get a `resync` if they have missed some.
    var isFollowing: Bool { state.withLock { $0.isFollowing } }

    // MARK: Readers

    /// Opens a live stream for the token's user, until the token expires.
    /// - Parameter lastEventID: the position after which to resume.
    /// - Throws: ``GatewayError/tooManyStreams``; 503 when there is no room, or the process stops.
    func open(_ token: AccessToken, after lastEventID: String?) throws -> LiveReader {
        let time = uptime()
        let end = time + .seconds(token.expiresAt.timeIntervalSince(now()))
        let user = token.userID
        let queue = LiveQueue(of: token.session, frameCountMax: limits.queuedCountMax)
        try state.withLock { state in
            forgetGone(&state, at: time)
            if state.isClosed { throw Problem.unavailable }
            if state.streamCount >= limits.streamCountMax { throw Problem.tooBusy(retryAfterSeconds: 15) }
            var person = state.people[user] ?? Person(wholeSince: state.number)
            if person.queues.count >= limits.streamsPerPersonMax { throw GatewayError.tooManyStreams }
            for frame in frames(for: person, after: lastEventID, number: state.number) { queue.add(frame) }
            person.queues[ObjectIdentifier(queue)] = queue
            person.goneAt = nil
            state.people[user] = person
            state.streamCount += 1
        }
        return LiveReader(
            queue, until: end, heartbeat: limits.heartbeat, loop: EventLoop.current ?? loops.next(), uptime: uptime
        ) { [weak self] in self?.leave(queue, of: user) }
    }

    /// A stream's first frames.
    private func frames(for person: Person, after lastEventID: String?, number: Int) -> [LiveFrame] {
        let here = LivePlace(run: run, number: number)
        guard let lastEventID else { return [.ready(at: here)] }
        guard let place = LivePlace(lastEventID), place.run == run, (person.wholeSince...number) ~= place.number else {
            return [.resync(at: here)]
        }
        let missed = person.kept.filter { $0.number > place.number }
        return [.ready(at: place)] + missed.map { .event($0.event, at: LivePlace(run: run, number: $0.number)) }
    }

    private func leave(_ queue: LiveQueue, of user: UserID) {
        let time = uptime()
        state.withLock { state in
            guard state.people[user]?.queues.removeValue(forKey: ObjectIdentifier(queue)) != nil else { return }
            state.streamCount -= 1
            if state.people[user]?.queues.isEmpty == true {
                state.people[user]?.goneAt = time
                state.gone.append((user, time))
            }
            forgetGone(&state, at: time)
        }
    }

    private func forgetGone(_ state: inout State, at time: ContinuousClock.Instant) {
        while let (user, leftAt) = state.gone.first,
            time - leftAt >= limits.keptTime || state.gone.count > limits.peopleGoneMax
        {
            _ = state.gone.popFirst()
            if state.people[user]?.goneAt == leftAt { state.people[user] = nil }
        }
    }

    // MARK: Events

    /// Sends an event to the user it concerns. A notification on several channels is sent once.
    func publish(_ event: LiveEvent) {
        let (frame, queues) = state.withLock { state -> (LiveFrame?, [LiveQueue]) in
            state.number += 1
            let number = state.number
            guard var person = state.people[event.userID] else { return (nil, []) }
            if event.kind == LiveEvent.notification,
                person.kept.contains(where: { $0.event.kind == event.kind && $0.event.id == event.id })
            {
                return (nil, [])
            }
            person.kept.append((number, event))
            if person.kept.count > limits.keptCountMax { person.wholeSince = person.kept.removeFirst().number }
            state.people[event.userID] = person
            return (.event(event, at: LivePlace(run: run, number: number)), Array(person.queues.values))
        }
        if let frame { for queue in queues { queue.add(frame) } }
    }

    func follows(_ isFollowing: Bool) { state.withLock { $0.isFollowing = isFollowing } }

    /// Events may have been missed: all clients must reload.
    func resync() {
        let (frame, queues) = state.withLock { state in
            state.number += 1
            for user in Array(state.people.keys) {
                state.people[user]?.kept = []
                state.people[user]?.wholeSince = state.number
            }
            return (
                LiveFrame.resync(at: LivePlace(run: run, number: state.number)),
                state.people.values.flatMap(\.queues.values)
            )
        }
        for queue in queues { queue.add(frame) }
    }

    /// Ends the streams of a deleted user and removes their events.
    func end(_ user: UserID) {
        let queues = state.withLock { state in
            let person = state.people.removeValue(forKey: user)
            state.streamCount -= person?.queues.count ?? 0
            return person?.queues.values.map { $0 } ?? []
        }
        for queue in queues { queue.end() }
    }

    /// The log-in sessions with open streams.
    var sessions: Set<String> {
        state.withLock { Set($0.people.values.lazy.flatMap(\.queues.values).map(\.session)) }
    }

    /// Ends the streams that tokens of these log-in sessions opened.
    func end(_ sessions: Set<String>) {
        let queues = state.withLock { state in
            state.people.values.flatMap { $0.queues.values.filter { sessions.contains($0.session) } }
        }
        for queue in queues { queue.end() }
    }

    /// Ends all streams and opens no more.
    func close() {
        let queues = state.withLock { state in
            state.isClosed = true
            return state.people.values.flatMap(\.queues.values)
        }
        for queue in queues { queue.end() }
    }
}
