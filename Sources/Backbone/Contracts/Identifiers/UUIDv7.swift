#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import Avro
import Synchronization

/// Version 7 UUIDs (RFC 9562): 48 bits of milliseconds since 1970, then 74 bits that begin at random in each millisecond and
/// grow by a random step within it (method 2 of section 6.2).
enum UUIDv7 {
    private struct State {
        var milliseconds: UInt64 = 0
        var tail: UInt128 = 0
    }

    private static let state = Mutex(State())
    private static let tailBits = 74

    static func next(at time: Date, random: inout some RandomNumberGenerator) -> UInt128 {
        let milliseconds = UInt64(clamping: time.millisecondsSince1970) & 0xffff_ffff_ffff
        let high = random.next()
        let low = random.next()
        let state = state.withLock { state in
            if milliseconds > state.milliseconds {
                state.milliseconds = milliseconds
                // The top bit stays free, so that steps have room.
                state.tail = (UInt128(high) << 64 | UInt128(low)) >> (128 - tailBits + 1)
            } else {
                state.tail += UInt128(low & 0xffff_ffff) + 1
                if state.tail >> tailBits != 0 {
                    state.milliseconds += 1
                    state.tail = UInt128(low)
                }
            }
            return state
        }
        let randomA = state.tail >> 62
        let randomB = state.tail & (1 << 62 - 1)
        return UInt128(state.milliseconds) << 80 | 7 << 76 | randomA << 64 | 2 << 62 | randomB
    }
}
