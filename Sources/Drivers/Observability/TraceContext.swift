/// The origin of the current work, carried from the HTTP request through every event to every effect and log line.
public struct TraceContext: Sendable, Hashable {
    /// Identifies the first request, `req_…`; the same on every step that it causes.
    public var correlationID: String
    public var traceparent: Traceparent
    /// The id of the event that caused this work; nil for the first request.
    public var causationID: String?
    /// The request being answered, such as `POST /auth/register`; nil for work started by an event or a timer.
    public var route: String?

    /// The context of the running task; nil outside a request, an event and a scheduled job.
    @TaskLocal public static var current: TraceContext?

    public init(correlationID: String, traceparent: Traceparent, causationID: String? = nil) {
        self.correlationID = correlationID
        self.traceparent = traceparent
        self.causationID = causationID
    }

    /// A new trace with generated ids.
    /// - Parameter millisecondsSinceEpoch: the timestamp in the correlation id, so that ids sort by time.
    public static func root(
        millisecondsSinceEpoch: Int64 = WallClock.millisecondsSinceEpoch, using random: inout some RandomNumberGenerator
    ) -> TraceContext {
        let correlationID = makeCorrelationID(millisecondsSinceEpoch: millisecondsSinceEpoch, using: &random)
        return TraceContext(correlationID: correlationID, traceparent: Traceparent(using: &random))
    }

    /// A new trace with ids from the system's random source.
    public static func root() -> TraceContext {
        var random = SystemRandomNumberGenerator()
        return root(using: &random)
    }

    /// The context of a request: its `X-Correlation-Id` and `traceparent` when they are well-formed, otherwise generated ids.
    public static func request(
        correlationID: String?, traceparent: String?,
        millisecondsSinceEpoch: Int64 = WallClock.millisecondsSinceEpoch, using random: inout some RandomNumberGenerator
    ) -> TraceContext {
        let known = correlationID.flatMap { isValidCorrelationID($0) ? $0 : nil }
        return TraceContext(
            correlationID: known
                ?? makeCorrelationID(millisecondsSinceEpoch: millisecondsSinceEpoch, using: &random),
            traceparent: traceparent.flatMap(Traceparent.init)?.child(using: &random) ?? Traceparent(using: &random))
    }

    /// The same, with ids from the system's random source.
    public static func request(correlationID: String?, traceparent: String?) -> TraceContext {
        var random = SystemRandomNumberGenerator()
        return request(correlationID: correlationID, traceparent: traceparent, using: &random)
    }

    /// A child span within this work, with the same correlation and cause.
    public func child() -> TraceContext {
        var random = SystemRandomNumberGenerator()
        return child(using: &random)
    }

    public func child(using random: inout some RandomNumberGenerator) -> TraceContext {
        var child = self
        child.traceparent = traceparent.child(using: &random)
        return child
    }

    /// The context of work caused by an event: a new span with the event as its cause.
    public func caused(by eventID: String) -> TraceContext {
        var next = child()
        next.causationID = eventID
        next.route = nil
        return next
    }

    /// Whether an external correlation id is accepted: 1 to 64 characters of `A-Z a-z 0-9 . _ -`, so that it is safe in any header, log
    /// line and event.
    public static func isValidCorrelationID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// `req_` and a UUID of version 7 (RFC 9562) in 32 lower-case hexadecimal digits.
    private static func makeCorrelationID(
        millisecondsSinceEpoch: Int64, using random: inout some RandomNumberGenerator
    ) -> String {
        let time = UInt64(clamping: millisecondsSinceEpoch) << 16
        let high = time | 0x7000 | random.next() & 0x0fff
        let low = 0x8000_0000_0000_0000 | random.next() >> 2
        return Hex.text(count: 36) { digits in
            digits += Array("req_".utf8)
            Hex.append(high, to: &digits)
            Hex.append(low, to: &digits)
        }
    }
}
