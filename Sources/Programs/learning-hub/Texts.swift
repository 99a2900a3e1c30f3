internal import Avro

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension String {
    /// As one word of a command for a POSIX shell.
    var shellWord: String {
        let isPlain =
            !isEmpty
            && utf8.allSatisfy { byte in
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                    || "0123456789_-./:=@%+,".utf8.contains(byte)
            }
        return isPlain ? self : "'\(replacing("'", with: #"'\''"#))'"
    }

    /// Padded with spaces to `width`.
    func padding(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

extension Duration {
    var milliseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) * 1_000 + Double(attoseconds) / 1e15
    }

    /// For people: `812 ms`, `2.4 s`.
    var shown: String {
        let milliseconds = milliseconds
        if milliseconds < 10 { return "\(milliseconds.rounded(1)) ms" }
        return milliseconds < 1_000 ? "\(Int(milliseconds)) ms" : "\((milliseconds / 1_000).rounded(1)) s"
    }
}

extension Double {
    /// Rounds to decimal places.
    func rounded(_ digits: Int) -> Double {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        return (self * scale).rounded() / scale
    }
}

extension Date {
    /// ISO-8601 UTC with milliseconds.
    var shown: String { iso8601Milliseconds }
}
