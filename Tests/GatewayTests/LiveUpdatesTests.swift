import Contracts
import EventLoop
import Foundation
import HTTP
import HubTesting
import Messaging
import Platform
import Secrets
import ServiceTesting
import Synchronization
import Testing

@testable import Gateway

@Suite struct LiveUpdatesTests {
    private static let ada = UserID(checked: "usr_ada"), bob = UserID(checked: "usr_bob")

    private static func event(_ id: String, to user: UserID = ada, kind: String = "a.kind") -> LiveEvent {
        LiveEvent(userID: user, kind: kind, id: id, at: Date(timeIntervalSince1970: 1_800_000_000))
    }

    /// Runs `body` with the streams of a gateway.
    private func with(
        _ limits: LiveLimits = LiveLimits(), run: UInt64 = 7,
        _ body: @escaping @Sendable (LiveStreams, TestService<GatewayService>) async throws -> Void
    ) async throws {
        try await TestService<GatewayService>.with { gateway in
            try await body(LiveStreams(gateway.context, limits: limits, run: run), gateway)
        }
    }

    private func token(
        _ user: UserID = ada, at time: Date = TestClock().now, session: String = "ses_1"
    ) -> AccessToken {
        AccessToken(userID: user, role: .student, session: session, expiresAt: time + 900)
    }

    // MARK: Recipients

    @Test func `a person gets only the events that concern them, in order`() async throws {
        try await with { streams, _ in
            let ada = try streams.open(token(), after: nil), bob = try streams.open(token(Self.bob), after: nil)
            for number in 1...3 {
                streams.publish(Self.event("a\(number)"))
                streams.publish(Self.event("b\(number)", to: Self.bob))
            }
            #expect(try await Frames(ada.next()).all.map(\.kind) == ["ready"] + Array(repeating: "a.kind", count: 3))
            for number in 4...5 { streams.publish(Self.event("a\(number)")) }
            #expect(try await Frames(ada.next()).ids == ["a4", "a5"])
            #expect(try await Frames(bob.next()).ids == ["b1", "b2", "b3"])
        }
    }

    @Test func `all streams of a person get the same messages`() async throws {
        try await with { streams, _ in
            let one = try streams.open(token(), after: nil), other = try streams.open(token(), after: nil)
            streams.publish(Self.event("a"))
            let (first, second) = (await one.next(), await other.next())
            #expect(first == second)
        }
    }

    @Test func `a message contains only ids, kind and time of an event`() {
        let time = Date(timeIntervalSince1970: 1_800_000_000)
        let mail = NotificationEmail(
            notificationID: .init(checked: "ntf_1"), userID: Self.ada, to: "ada@example.org", subject: "Hello Ada",
            template: "welcome", parameters: ["firstName": "Ada"], causeEventID: .init(checked: "evt_1"),
            createdAt: time)
        let frame = LiveFrame.event(mail.shown, at: LivePlace(run: 255, number: 3))
        #expect(
            String(decoding: frame.bytes, as: UTF8.self) == """
                id: ff-3
                event: notification
                data: {"id":"ntf_1","at":"2027-01-15T08:00:00.000Z"}


                """)
    }

    @Test func `a notification sent by mail and by push causes one message`() async throws {
        try await with { streams, _ in
            let reader = try streams.open(token(), after: nil)
            for id in ["n1", "n1", "n2"] { streams.publish(Self.event(id, kind: LiveEvent.notification)) }
            // A repeated payment event causes another message.
            for _ in 1...2 { streams.publish(Self.event("p1")) }
            #expect(try await Frames(reader.next()).ids == ["n1", "n2", "p1", "p1"])
        }
    }

    // MARK: Reconnecting

    @Test func `a reconnecting client gets the missed messages once and in order`() async throws {
        try await with { streams, _ in
            var reader: LiveReader? = try streams.open(token(), after: nil)
            streams.publish(Self.event("a1"))
            let last = try await Frames(reader?.next()).all.last?.place
            reader = nil
            for id in ["a2", "a3"] {
                streams.publish(Self.event(id))
                streams.publish(Self.event("b", to: Self.bob))
            }
            let again = try streams.open(token(), after: last)
            streams.publish(Self.event("a4"))
            let frames = try await Frames(again.next())
            #expect(frames.all.map(\.kind).first == "ready" && frames.ids == ["a2", "a3", "a4"])
        }
    }

    @Test func `a client that reconnects too late, or from another process, gets a resync`() async throws {
        var limits = LiveLimits()
        limits.keptCountMax = 2
        try await with(limits) { streams, gateway in
            var reader: LiveReader? = try streams.open(token(), after: nil)
            let first = try await Frames(reader?.next()).all.last?.place
            for number in 1...2 { streams.publish(Self.event("a\(number)")) }
            #expect(try await Frames(streams.open(token(), after: first).next()).ids == ["a1", "a2"])
            streams.publish(Self.event("a3"))
            for place in [first, "8-0", "7-99", "7--1", "7-", "-", "", "7", "x-1"] {
                let frames = try await Frames(streams.open(token(), after: place).next())
                #expect(frames.all.map(\.kind) == ["resync"], "\(place ?? "")")
                // The id of a resync is a valid position.
                let next = try await Frames(streams.open(token(), after: frames.all[0].place).next())
                #expect(next.all.map(\.kind) == ["ready"])
            }
            // Positions of long absent people are deleted, and then an event arrives.
            let place = try await Frames(reader?.next()).all.last?.place
            reader = nil
            gateway.clock.advance(by: 121)
            _ = try streams.open(token(Self.bob), after: nil)
            streams.publish(Self.event("a4"))
            #expect(try await Frames(streams.open(token(), after: place).next()).all.map(\.kind) == ["resync"])
        }
    }

    @Test func `after possibly missed events every stream gets a resync`() async throws {
        try await with { streams, gateway in
            let reader = try streams.open(token(), after: nil)
            streams.publish(Self.event("a1"))
            let place = try await Frames(reader.next()).all.last?.place
            Handlers(streams: streams).tail.onGap()
            #expect(try await Frames(reader.next()).all.map(\.kind) == ["resync"])
            #expect(try await Frames(streams.open(token(), after: place).next()).all.map(\.kind) == ["resync"])
        }
    }

    @Test func `readiness tells whether the process follows the log`() async throws {
        try await with { streams, _ in
            let tail = Handlers(streams: streams).tail
            #expect(!streams.isFollowing)
            for isFollowing in [true, false, true] {
                tail.onChange(isFollowing)
                #expect(streams.isFollowing == isFollowing)
            }
        }
    }

    // MARK: Limits

    @Test func `a slow reader is disconnected and delays no other`() async throws {
        var limits = LiveLimits()
        (limits.queuedCountMax, limits.keptCountMax) = (4, 3)
        try await with(limits) { streams, _ in
            let slow = try streams.open(token(), after: nil), quick = try streams.open(token(), after: nil)
            let place = try await Frames(slow.next()).all.last?.place
            var seen = try await Frames(quick.next()).ids
            for number in 1...5 {
                streams.publish(Self.event("a\(number)"))
                seen += try await Frames(quick.next()).ids
            }
            #expect(seen == ["a1", "a2", "a3", "a4", "a5"])
            #expect(await slow.next() == nil)
            #expect(try await Frames(streams.open(token(), after: place).next()).all.map(\.kind) == ["resync"])
        }
    }

    @Test func `the number of streams of a person is limited, and a closed one frees a place`() async throws {
        var limits = LiveLimits()
        (limits.streamsPerPersonMax, limits.streamCountMax) = (2, 3)
        try await with(limits) { streams, _ in
            let one = try streams.open(token(), after: nil)
            var other: LiveReader? = try streams.open(token(), after: nil)
            #expect(throws: GatewayError.tooManyStreams) { try streams.open(token(), after: nil) }
            let bob = try streams.open(token(Self.bob), after: nil)
            // The process is full.
            #expect(throws: Problem.self) { try streams.open(token(Self.bob), after: nil) }
            #expect(streams.streamCount == 3)
            withExtendedLifetime(other) {}
            other = nil
            _ = try streams.open(token(), after: nil)
            #expect(streams.streamCount == 2)
            withExtendedLifetime((one, bob)) {}
        }
    }

    @Test func `a stream ends with its token, with the account, and with the process`() async throws {
        var limits = LiveLimits()
        limits.heartbeat = .milliseconds(10)
        try await with(limits) { streams, gateway in
            let expiring = try streams.open(token(at: gateway.clock.now), after: nil)
            #expect(try await Frames(expiring.next()).all.count == 1)
            gateway.clock.advance(by: 901)
            // One heartbeat may have been on its way.
            #expect(try await Self.isOver(expiring))

            let erased = try streams.open(token(at: gateway.clock.now), after: nil)
            streams.publish(Self.event("a"))
            streams.end(Self.ada)
            #expect(try await Frames(erased.next()).ids == ["a"])
            #expect(await erased.next() == nil)

            let stopped = try streams.open(token(at: gateway.clock.now), after: nil)
            #expect(try await Frames(stopped.next()).all.count == 1)
            streams.close()
            #expect(await stopped.next() == nil)
            #expect(throws: Problem.self) { try streams.open(token(at: gateway.clock.now), after: nil) }
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a stream ends with its session, and the person's others go on`() async throws {
        try await with { streams, _ in
            let ended = try [
                streams.open(token(session: "ses_2"), after: nil), streams.open(token(session: "ses_2"), after: nil),
            ]
            let left = try streams.open(token(), after: nil), bob = try streams.open(token(Self.bob), after: nil)
            #expect(streams.sessions == ["ses_1", "ses_2"])
            streams.end(["ses_2", "ses_3"])
            streams.publish(Self.event("a"))
            for reader in ended {
                // What was queued before the end.
                #expect(try await Frames(reader.next()).ids == [])
                #expect(await reader.next() == nil)
            }
            #expect(try await Frames(left.next()).ids == ["a"])
            #expect(try await Frames(bob.next()).all.count == 1)
        }
    }

    private static func isOver(_ reader: LiveReader) async throws -> Bool {
        for _ in 1...2 {
            guard let bytes = await reader.next() else { return true }
            #expect(bytes == LiveFrame.heartbeat.bytes)
        }
        return false
    }

    @Test func `an idle stream sends comments`() async throws {
        var limits = LiveLimits()
        limits.heartbeat = .milliseconds(20)
        try await with(limits) { streams, _ in
            let reader = try streams.open(token(), after: nil)
            #expect(try await Frames(reader.next()).all.count == 1)
            for _ in 1...3 { #expect(await reader.next() == LiveFrame.heartbeat.bytes) }
        }
    }

    // MARK: Through the gateway

    /// Auth's answers about sessions.
    private final class Sessions: Sendable {
        private let state = Mutex((ended: Set<String>(), isDown: false, questions: [Int]()))

        func end(_ session: String) { state.withLock { _ = $0.ended.insert(session) } }
        func goDown() { state.withLock { $0.isDown = true } }
        /// The number of sessions in each question.
        var questions: [Int] { state.withLock { $0.questions } }

        func answer(_ body: [UInt8]) throws -> HTTPResponse {
            let asked = try JSONDecoder().decode([String: [String]].self, from: Data(body))["sessionIds"] ?? []
            let ended = state.withLock { state -> [String]? in
                state.questions.append(asked.count)
                return state.isDown ? nil : asked.filter(state.ended.contains)
            }
            guard let ended else { return HTTPResponse(.badGateway) }
            return HTTPResponse(.ok, body: .bytes(Array(try JSONEncoder().encode(["ended": ended]))))
        }
    }

    /// A gateway with a log-in, its streams, and the `Authorization` of a person.
    private func throughTheDoor(
        sessions: Sessions = Sessions(),
        _ body: @escaping @Sendable (TestGateway, LiveStreams, _ bearer: String) async throws -> Void
    ) async throws {
        let key = SigningKey.generate()
        try await TestGateway.with(
            services: { router in
                router.add(.get, "/.well-known/jwks.json") { _ in
                    HTTPResponse(.ok, body: .bytes(VerifyingKeys([key.verifyingKey]).json()))
                }
                router.add(.post, "/internal/sessions/ended") { request in
                    let body = try? await request.body.collect(bytesMax: 1024 * 1024)
                    return (try? sessions.answer(body ?? [])) ?? HTTPResponse(.badRequest)
                }
            }
        ) { gateway in
            let now = gateway.service.clock.now
            let bearer = "Bearer \(try key.sign(token(at: now).claims(id: "1", issuedAt: now)))"
            try await body(gateway, gateway.service.service.streams, bearer)
        }
    }

    @Test func `a logged-in client gets a stream through the gateway, which does not block a stop`() async throws {
        try await throughTheDoor { gateway, streams, bearer in
            #expect(await gateway.send(.get, "/events").status == .unauthorized)
            let server = HTTPServer(configuration: .init(), loops: TestLoops.shared, router: gateway.door)
            let url = "http://127.0.0.1:\(try await server.start())/events"
            let client = HTTPClient(loops: TestLoops.shared)

            let left = try await client.send(
                HTTPClientRequest(.get, url, fields: ["authorization": bearer]), timeout: .seconds(60))
            #expect(left.fields["content-type"] == "text/event-stream" && streams.streamCount == 1)
            let answer = try await client.send(
                HTTPClientRequest(.get, url, fields: ["authorization": bearer, "last-event-id": "0-0"]),
                timeout: .seconds(60))
            var body = answer.body.makeAsyncIterator()
            #expect(try await Frames(body.next()).all.map(\.kind) == ["resync"])
            streams.publish(Self.event("a"))
            #expect(try await Frames(body.next()).ids == ["a"])

            gateway.service.service.endStreams()
            #expect(try await body.next() == nil)
            try await withTimeout(.seconds(30), on: TestLoops.shared.next(), onTimeout: { CancellationError() }) {
                await server.drain(within: .seconds(600))
            }
            try await eventually { streams.streamCount == 0 }
            await client.close()
        }
    }

    @Test func `a token of an ended session opens no stream, unless auth cannot say so`() async throws {
        let sessions = Sessions()
        try await throughTheDoor(sessions: sessions) { gateway, streams, bearer in
            let fields: HTTPFields = ["authorization": bearer]
            #expect(await gateway.send(.get, "/events", fields: fields).status == .ok)
            sessions.end("ses_1")
            let response = await gateway.send(.get, "/events", fields: fields)
            // A stream has no end to wait for.
            try #require(response.status == .unauthorized)
            #expect(try await TestAnswer(response).code == "bad-token")
            sessions.goDown()
            #expect(await gateway.send(.get, "/events", fields: fields).status == .ok)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `sessions with streams are asked about again and again, and those that ended lose their streams`()
        async throws
    {
        let sessions = Sessions()
        try await throughTheDoor(sessions: sessions) { gateway, _, _ in
            var limits = LiveLimits()
            limits.streamsPerPersonMax = 2_000
            let context = gateway.service.context
            let streams = LiveStreams(context, limits: limits)
            let asking = context.loops.next().start("asking") {
                try await EndedSessions(ServiceClient(context)).endStreams(
                    of: streams, every: .milliseconds(5), on: context.loops.next())
            }
            let now = gateway.service.clock.now
            var readers = try (1...1_500).map { try streams.open(token(at: now, session: "ses_\($0)"), after: nil) }
            let first = readers.removeFirst(), last = readers.removeLast()
            try await eventually { Set(sessions.questions).isSuperset(of: [500, 1_000]) }
            sessions.end("ses_1")
            sessions.end("ses_1500")
            for reader in [first, last] {
                #expect(try await Frames(reader.next()).all.map(\.kind) == ["ready"])
                #expect(await reader.next() == nil)
            }
            readers = []
            try await eventually { streams.sessions.isSubset(of: ["ses_1", "ses_1500"]) }
            withExtendedLifetime((first, last)) {}
            asking.cancel()
            _ = await asking.result
        }
    }

    @Test func `a client that disconnects frees its place`() async throws {
        try await throughTheDoor { gateway, streams, bearer in
            let server = HTTPServer(configuration: .init(), loops: TestLoops.shared, router: gateway.door)
            let port = try await server.start()
            let client = HTTPClient(loops: TestLoops.shared)
            let url = "http://127.0.0.1:\(port)/events"
            var answers: [HTTPClientResponse] = []
            for _ in 1...LiveLimits().streamsPerPersonMax {
                answers.append(
                    try await client.send(
                        HTTPClientRequest(.get, url, fields: ["authorization": bearer]), timeout: .seconds(60)))
            }
            let refused = try await client.send(
                HTTPClientRequest(.get, url, fields: ["authorization": bearer]), timeout: .seconds(60))
            #expect(refused.status == .tooManyRequests && refused.fields["retry-after"] != nil)
            answers = []
            try await eventually { streams.streamCount == 0 }
            await client.close()
            await server.drain(within: .zero)
        }
    }
}

/// The events in a piece of a stream.
private struct Frames {
    struct Frame {
        var place = ""
        var kind = ""
        var data = ""
    }
    var all: [Frame] = []

    init(_ bytes: [UInt8]?) throws {
        let text = String(decoding: try #require(bytes), as: UTF8.self)
        for block in text.split(separator: "\n\n") {
            var frame = Frame()
            for line in block.split(separator: "\n") {
                let parts = line.split(separator: ": ", maxSplits: 1).map(String.init)
                switch (parts.first, parts.last) {
                case ("id", let value?): frame.place = value
                case ("event", let value?): frame.kind = value
                case ("data", let value?): frame.data = value
                default: continue
                }
            }
            if !frame.kind.isEmpty { all.append(frame) }
        }
    }

    /// The ids of the messages.
    var ids: [String] { all.compactMap { $0.data.split(separator: "\"").dropFirst(3).first.map(String.init) } }
}
