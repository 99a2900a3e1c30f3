internal import CKafka

/// An error of the cluster or of librdkafka. It contains no record data.
public struct KafkaError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// Temporary: an unreachable broker, a leader election. Retry.
        case passing
        /// No response arrived in time. The operation may have been carried out.
        case timedOut
        /// The record or its batch is larger than the topic allows.
        case tooLarge
        /// The cluster's access rules forbid the operation.
        case unauthorized
        /// Authentication failed: certificate, user or password.
        case unauthenticated
        case unknownTopic
        case unknownGroup
        case alreadyExists
        /// The group has members.
        case groupInUse
        /// Another member uses this member's static id.
        case fenced
        /// The broker or librdkafka does not support this.
        case unsupported
        /// Invalid arguments, settings or records; a retry fails again.
        case invalid
        /// The client is unusable; a new one may work.
        case fatal
        /// The client was closed, or the task was cancelled.
        case closed
    }

    public var kind: Kind
    /// librdkafka's error name, such as `MSG_SIZE_TOO_LARGE`; nil for an error of the driver.
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
        let text = "Kafka: \(message) (\(code ?? kind.rawValue))"
        return advice.map { "\(text); \($0)" } ?? text
    }

    /// With the cause, which the error of a failed call lacks.
    /// - Parameter cause: the last error that the client reported.
    func caused(by cause: KafkaError?) -> KafkaError {
        guard let cause else { return self }
        let failure = ClusterLog.failure(in: cause.message).map { "\($0.address): \($0.reason)" }
        var error = self
        if let failure, code == "_TRANSPORT" || code == "_ALL_BROKERS_DOWN" {
            error.message = "a broker cannot be reached, \(failure)"
        } else {
            error.message += ", last error: \(failure ?? cause.message)"
        }
        return error
    }

    /// Advice for operators.
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
    ///   - code: a librdkafka error code; not 0.
    ///   - text: a more specific message than the code's.
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
