#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A signing key's place in time.
struct KeyTimes: Sendable, Equatable {
    let id: String
    let createdAt: Date
    /// It signs from then on; before, it is only published, so that every verifier knows it in time.
    let signsFrom: Date
}

/// Which key signs, which are published, and when a new one is due. Keys overlap on both ends: published before they sign, and
/// as long as anything they signed is valid.
struct KeySchedule: Sendable {
    /// How long a key signs before the next one takes over.
    let age: TimeInterval
    /// How long a key is published before it signs. Verifiers keep a key set for ``publishedSeconds`` at most.
    static let leadSeconds: TimeInterval = 3_600
    /// How long an answer with the key set may be kept.
    static let publishedSeconds = 300
    /// How long a key is published after it stopped to sign: longer than any token it signed.
    let tailSeconds: TimeInterval

    init(age: TimeInterval, tokenLifetime: TimeInterval) {
        self.age = age
        tailSeconds = tokenLifetime + Self.leadSeconds
    }

    /// The newest key whose time has come; at the very beginning the first there is.
    func signing(_ keys: [KeyTimes], at time: Date) -> KeyTimes? {
        let sorted = keys.sorted { $0.signsFrom < $1.signsFrom }
        return sorted.last { $0.signsFrom <= time } ?? sorted.first
    }

    /// The times of a new key, nil when none is due.
    func due(_ keys: [KeyTimes], id: String, at time: Date) -> KeyTimes? {
        guard let newest = keys.max(by: { $0.signsFrom < $1.signsFrom }) else {
            return KeyTimes(id: id, createdAt: time, signsFrom: time)
        }
        guard time + Self.leadSeconds >= newest.signsFrom + age else { return nil }
        return KeyTimes(id: id, createdAt: time, signsFrom: time + Self.leadSeconds)
    }

    /// Keys nothing valid is signed with any more.
    func spent(_ keys: [KeyTimes], at time: Date) -> [KeyTimes] {
        guard let signing = signing(keys, at: time), signing.signsFrom + tailSeconds <= time else { return [] }
        return keys.filter { $0.signsFrom < signing.signsFrom }
    }
}
