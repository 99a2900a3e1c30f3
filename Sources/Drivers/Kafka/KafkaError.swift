internal import CKafka

/// Why the cluster, or librdkafka, did not do what was asked. Nothing in it shows a record.
public struct KafkaError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// May be over in a moment: a broker is away, a leader moves. Try again.
        case passing
        /// No answer came in time. What was asked may have been done.
        case timedOut
        /// The record, or the batch it travelled in, is larger than the topic allows.
        case tooLarge
        /// An access rule of the cluster forbids it.
        case unauthorized
        /// The cluster does not let this client in: certificate, user or password.
        case unauthenticated
        case unknownTopic
        case unknownGroup
        case alreadyExists
        /// The group has members.
        case groupInUse
        /// Another member has the place of this one in its group.
        case fenced
        /// The broker or the library cannot do this.
        case unsupported
        /// The arguments, settings or records are wrong; trying again does not help.
        case invalid
        /// The client is of no use any more; a new one may be.
        case fatal
        /// This end was closed, or its task cancelled.
        case closed
    }

    public var kind: Kind
    /// librdkafka's name for it, such as `MSG_SIZE_TOO_LARGE`; nil when the error is the driver's own.
    public var code: String?
    public var message: String

    public init(_ kind: Kind, _ message: String, code: String? = nil) {
        self.kind = kind
        self.message = message
        self.code = code
    }

    /// Whether a broker has answered, and may answer otherwise in a moment; what librdkafka itself says of a broker that it cannot
    /// reach is none.
    public var isPassingAnswer: Bool { kind == .passing && code?.hasPrefix("_") == false }

    public var description: String {
        let name = code.map { "kafka \(kind.rawValue) \($0)" } ?? "kafka \(kind.rawValue)"
        return advice.map { "\(name): \(message); \($0)" } ?? "\(name): \(message)"
    }

    /// What a person can do about it.
    private var advice: String? {
        switch kind {
        case .tooLarge: "raise the topic's max.message.bytes, or send less at once"
        case .unauthorized: "give this user the right on the topic or group"
        case .unauthenticated: "check the security settings, and the certificate, user and password"
        case .unknownTopic: "create the topic, or check its name"
        case .groupInUse: "stop the group's members first"
        case .timedOut: "check that the brokers are up and reachable under the names they advertise"
        case .passing, .unknownGroup, .alreadyExists, .fenced, .unsupported, .invalid, .fatal, .closed: nil
        }
    }
}

extension KafkaError {
    /// - Parameters:
    ///   - code: one of librdkafka's; not 0.
    ///   - text: words that say more than the code's own.
    init(code: Int32, text: String? = nil) {
        let words = text.flatMap { $0.isEmpty ? nil : $0 } ?? String(cString: hub_kafka_error_text(code))
        self.init(Self.kind(of: code), words, code: String(cString: hub_kafka_error_name(code)))
    }

    init(_ error: hub_kafka_error) {
        let text = withUnsafeBytes(of: error.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        self.init(code: error.code, text: text)
    }

    private static func kind(of code: Int32) -> Kind {
        switch Int(hub_kafka_error_kind(code)) {
        case HUB_KAFKA_TIMED_OUT: .timedOut
        case HUB_KAFKA_TOO_LARGE: .tooLarge
        case HUB_KAFKA_UNAUTHORIZED: .unauthorized
        case HUB_KAFKA_UNAUTHENTICATED: .unauthenticated
        case HUB_KAFKA_UNKNOWN_TOPIC: .unknownTopic
        case HUB_KAFKA_UNKNOWN_GROUP: .unknownGroup
        case HUB_KAFKA_EXISTS: .alreadyExists
        case HUB_KAFKA_GROUP_IN_USE: .groupInUse
        case HUB_KAFKA_FENCED: .fenced
        case HUB_KAFKA_UNSUPPORTED: .unsupported
        case HUB_KAFKA_INVALID, HUB_KAFKA_OFFSET_OUT_OF_RANGE: .invalid
        case HUB_KAFKA_FATAL: .fatal
        default: .passing
        }
    }
}
