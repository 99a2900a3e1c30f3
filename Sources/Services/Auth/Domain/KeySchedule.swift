#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The schedule of a signing key.
struct KeyTimes: Sendable, Equatable {
    let id: String
    let createdAt: Date
    /// It signs from this time on; before, it is only published, so that verifiers have it in time.
    let signsFrom: Date
}

/// Decides which key signs, which keys are published, and when a new one is due. A key is published before it signs, and as long as
/// tokens signed with it are valid.
struct KeySchedule: Sendable {
    /// How long a key signs before the next one replaces it.
    let age: TimeInterval
    /// How long a key is published before it signs. Verifiers cache a key set for at most ``publishedSeconds``.
    static let leadSeconds: TimeInterval = 3_600
    /// The cache lifetime of the key set.
    static let publishedSeconds = 300
    /// How long a key is published after it last signed: longer than the lifetime of any token.
    let tailSeconds: TimeInterval

    init(age: TimeInterval, tokenLifetime: TimeInterval) {
        self.age = age
        tailSeconds = tokenLifetime + Self.leadSeconds
    }

    /// The newest key whose signing time has begun; initially the first key.
    func signing(_ keys: [KeyTimes], at time: Date) -> KeyTimes? {
        let sorted = keys.sorted { $0.signsFrom < $1.signsFrom }
        return sorted.last { $0.signsFrom <= time } ?? sorted.first
    }

    /// The times of a new key; nil when none is due.
    func due(_ keys: [KeyTimes], id: String, at time: Date) -> KeyTimes? {
        guard let newest = keys.max(by: { $0.signsFrom < $1.signsFrom }) else {
            return KeyTimes(id: id, createdAt: time, signsFrom: time)
        }
        guard time + Self.leadSeconds >= newest.signsFrom + age else { return nil }
        return KeyTimes(id: id, createdAt: time, signsFrom: time + Self.leadSeconds)
    }

    /// Keys without any valid token.
    func spent(_ keys: [KeyTimes], at time: Date) -> [KeyTimes] {
        guard let signing = signing(keys, at: time), signing.signsFrom + tailSeconds <= time else { return [] }
        return keys.filter { $0.signsFrom < signing.signsFrom }
    }
}
