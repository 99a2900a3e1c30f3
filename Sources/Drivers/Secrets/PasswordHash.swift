/// An argon2id hash in the PHC string format, as stored. Its description does not contain the hash.
public struct PasswordHash: RawRepresentable, Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
    public let rawValue: String
    /// The parameters of the hash.
    public let parameters: Parameters

    /// The cost parameters of a hash. Source of the default: OWASP Password Storage Cheat Sheet, argon2id.
    public struct Parameters: Sendable, Hashable {
        public var memoryKiB: UInt32
        public var iterations: UInt32
        public var lanes: UInt32

        public init(memoryKiB: UInt32 = 19_456, iterations: UInt32 = 2, lanes: UInt32 = 1) {
            self.memoryKiB = memoryKiB
            self.iterations = iterations
            self.lanes = lanes
        }

        public static let standard = Parameters()

        /// The assumed duration of a hash until it has been measured: about 0.6 µs per KiB and pass.
        var costAtFirst: Duration { .nanoseconds(600 * Int64(memoryKiB) * Int64(iterations)) }

        /// The limits for hashing and verifying: a stored hash must not be able to exhaust the machine's memory.
        var isReasonable: Bool {
            (8...1_048_576).contains(memoryKiB) && (1...32).contains(iterations) && (1...16).contains(lanes)
                && memoryKiB >= 8 * lanes
        }
    }

    /// nil when it is not an argon2id hash of version 19 with parameters within the limits.
    public init?(rawValue: String) {
        guard rawValue.utf8.count <= Self.encodedBytesMax, !rawValue.utf8.contains(0) else { return nil }
        let parts = rawValue.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19",
            !parts[4].isEmpty, !parts[5].isEmpty, let parameters = Self.parameters(parts[3])
        else { return nil }
        self.rawValue = rawValue
        self.parameters = parameters
    }

    public var description: String { "<password hash>" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// With our lengths, the longest encoded hash is 97 bytes.
    static let encodedBytesMax = 255

    private static func parameters(_ text: Substring) -> Parameters? {
        let fields = text.split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count == 3, let memory = number(fields[0], "m="), let iterations = number(fields[1], "t="),
            let lanes = number(fields[2], "p=")
        else { return nil }
        let parameters = Parameters(memoryKiB: memory, iterations: iterations, lanes: lanes)
        return parameters.isReasonable ? parameters : nil
    }

    private static func number(_ field: Substring, _ name: String) -> UInt32? {
        field.hasPrefix(name) ? UInt32(field.dropFirst(name.count)) : nil
    }
}
