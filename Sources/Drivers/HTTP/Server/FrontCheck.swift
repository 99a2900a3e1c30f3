/// Refuses requests that two readers could read differently, before anything acts on them.
///
/// libmicrohttpd lets these through: several `Content-Length`s, `Transfer-Encoding` beside `Content-Length`, unknown or repeated
/// transfer codings, two `Host`s, control characters in values, NUL in the request line, escapes of NUL in the target.
enum FrontCheck {
    /// How the body of an accepted request ends.
    enum Framing: Equatable { case none, length(Int), chunked }

    struct Accepted: Equatable {
        var framing = Framing.none
        var expectsContinue = false
    }

    /// - Parameters:
    ///   - target: raw, as it stood in the request line.
    ///   - isIntact: what the C side found of the lines: nothing is hidden behind a NUL.
    static func check(
        method: String, target: UnsafeBufferPointer<UInt8>, version: Int, isIntact: Bool, fields: HTTPFields,
        limits: HTTPServerConfiguration
    ) throws(Problem) -> Accepted {
        guard isIntact, !method.isEmpty, method.utf8.allSatisfy(isTokenByte) else { throw .malformed("header") }
        if target.count > limits.targetBytesMax { throw Problem(.uriTooLong, "target-too-long") }
        try check(target: target, method: method)
        if fields.count > limits.headerCountMax || fields.bytes.count + target.count > limits.headerBytesMax {
            throw Problem(.headerFieldsTooLarge, "header-too-large")
        }
        var head = Head()
        try fields.bytes.withUnsafeBufferPointer { bytes throws(Problem) in
            for entry in fields.entries {
                try head.add(
                    UnsafeBufferPointer(rebasing: bytes[entry.name]), UnsafeBufferPointer(rebasing: bytes[entry.value]))
            }
        }
        return try head.verdict(version: version)
    }

    private static func check(target: UnsafeBufferPointer<UInt8>, method: String) throws(Problem) {
        if target.count == 1 && target[0] == UInt8(ascii: "*") && method == "OPTIONS" { return }
        guard target.first == UInt8(ascii: "/") else { throw .malformed("request target") }
        var index = 0, segmentStart = 1, inPath = true
        while index < target.count {
            let byte = target[index]
            guard byte > 32, byte < 127, byte != UInt8(ascii: "#") else { throw .malformed("request target") }
            switch byte {
            case UInt8(ascii: "%"):
                guard index + 2 < target.count, let high = PercentEncoding.hexValue(target[index + 1]),
                    let low = PercentEncoding.hexValue(target[index + 2]), high | low != 0
                else { throw .badPath }
                index += 2
            case UInt8(ascii: "?") where inPath, UInt8(ascii: "/") where inPath:
                if index > 0, isDots(target[segmentStart..<index]) { throw .badPath }
                segmentStart = index + 1
                if byte == UInt8(ascii: "?") { inPath = false }
            default: break
            }
            index += 1
        }
        if inPath, segmentStart <= target.count, isDots(target[segmentStart...]) { throw .badPath }
    }

    /// `.` and `..`, escaped or not: they mean different places to different readers.
    private static func isDots(_ segment: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        if segment.isEmpty || segment.count > 6 { return false }
        let decoded = PercentEncoding.decode(segment)
        return decoded == "." || decoded == ".."
    }
}

extension FrontCheck {
    /// What the fields say about framing.
    private struct Head {
        var lengths = 0
        var length = 0
        var codings = 0
        var hosts = 0
        var expectsContinue = false

        mutating func add(
            _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>
        ) throws(Problem) {
            if name.isEmpty { throw .malformed("field name") }
            // Plain loops: this is every byte of every request.
            var index = 0
            while index < name.count {
                if !isTokenByte(name[index]) { throw .malformed("field name") }
                index += 1
            }
            index = 0
            while index < value.count {
                let byte = value[index]
                if (byte < 32 && byte != 9) || byte == 127 { throw .malformed("field value") }
                index += 1
            }
            switch name.count {
            case 4 where equals(name, lower: "host"):
                hosts += 1
                if value.contains(where: endsHost) { throw .malformed("host") }
            case 6 where equals(name, lower: "expect"):
                guard equals(value, lower: "100-continue") else {
                    throw Problem(.expectationFailed, "expectation-failed")
                }
                expectsContinue = true
            case 14 where equals(name, lower: "content-length"):
                lengths += 1
                length = try parse(value)
            case 17 where equals(name, lower: "transfer-encoding"):
                codings += 1
                guard equals(value, lower: "chunked") else { throw .malformed("transfer coding") }
            default: break
            }
        }

        /// Whether the byte cannot be part of a host and its port.
        private func endsHost(_ byte: UInt8) -> Bool {
            switch byte {
            case 9, 32, UInt8(ascii: "/"), UInt8(ascii: "@"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: ","):
                true
            default: false
            }
        }

        private func parse(_ digits: UnsafeBufferPointer<UInt8>) throws(Problem) -> Int {
            guard !digits.isEmpty, digits.count <= 15 else { throw .malformed("content length") }
            var number = 0
            for digit in digits {
                guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { throw .malformed("content length") }
                number = number * 10 + Int(digit - UInt8(ascii: "0"))
            }
            return number
        }

        func verdict(version: Int) throws(Problem) -> Accepted {
            if hosts > 1 || (hosts == 0 && version > 10) { throw .malformed("host") }
            if lengths > 1 || codings > 1 || (lengths > 0 && codings > 0) { throw .malformed("framing") }
            if codings > 0 && version < 11 { throw .malformed("framing") }
            let framing: Framing = codings > 0 ? .chunked : length > 0 ? .length(length) : .none
            return Accepted(framing: framing, expectsContinue: expectsContinue && version > 10)
        }
    }
}

extension Problem {
    /// - Parameter part: what of the request cannot be read in one way only.
    static func malformed(_ part: String) -> Problem {
        Problem(.badRequest, "malformed-request", detail: "The \(part) is malformed or ambiguous.")
    }
    public static let bodyTooLarge = Problem(.contentTooLarge, "body-too-large")
    public static let requestTimeout = Problem(.requestTimeout, "request-timeout")
    static let tooManyConnections = Problem(
        .serviceUnavailable, "too-many-connections", fields: ["retry-after": "5"])
}
