import Foundation
import Platform
import Testing

@testable import Auth

/// Computes the figures of decision 27 about schools and attackers, with the rules of the service.
@Suite struct GuessingSimulation {
    @Test func `a school behind one address logs in`() throws {
        let usual = School.morning(typoShare: 0.15, knownShare: 0)
        let attackedAndKnown = School.morning(typoShare: 0.15, knownShare: 1, guessesPerSecond: 1)
        #expect(usual.refused == usual.refusedAfterTenWrong)
        #expect(attackedAndKnown.refused == attackedAndKnown.refusedAfterTenWrong)
        try expectInDecision([
            usual.row("no device is known, 15 % of attempts mistyped"),
            School.morning(typoShare: 0.15, knownShare: 0.8).row("80 % of the devices are known"),
            School.morning(typoShare: 0.4, knownShare: 0).row("no device is known, 40 % mistyped"),
            School.morning(typoShare: 0.15, knownShare: 0, guessesPerSecond: 1)
                .row("as the first, while somebody there guesses at one account after the other"),
            attackedAndKnown.row("the same, and every device is known"),
        ])
    }

    @Test func `guessing at one account is slowed, and its owner can log in`() throws {
        let sieges = [1, 100, 10_000].map { Siege.laid(addressCount: $0) }
        #expect(sieges.map(\.refusedWithDevice) == [0, 0, 0])
        #expect(sieges.map(\.refusedElsewhere).prefix(2) == [0, 0])
        try expectInDecision(sieges.map(\.row))
    }

    @Test func `guessing at many accounts is limited by address`() throws {
        try expectInDecision([1, 100].map { Spraying.done(addressCount: $0).row })
    }

    private func expectInDecision(_ rows: [String]) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appending(path: "docs/decisions/27-guessing-passwords.md"), encoding: .utf8)
        for row in rows { #expect(page.contains(row), "decision 27 lacks \(row)") }
    }
}

/// The tallies of the service, without its tables.
private struct SimulatedHub {
    enum Subject: Hashable {
        case place(account: Int, address: Int)
        case device(account: Int)
        case account(Int)
        case address(Int)
    }

    private let limits = AttemptLimits(place: 10, account: 50, address: 120)
    private var tallies: [Subject: Tally] = [:]

    /// - Returns: nil when the password was looked at, else after how many seconds to try again.
    mutating func logIn(_ account: Int, at address: Int, isKnown: Bool = false, isRight: Bool, at time: Date) -> Int? {
        let place = isKnown ? Subject.device(account: account) : .place(account: account, address: address)
        var attempts = Attempts(
            place: tallies[place] ?? Tally(at: time),
            account: isKnown ? nil : tallies[.account(account)] ?? Tally(at: time),
            address: isKnown ? nil : tallies[.address(address)] ?? Tally(at: time))
        do {
            try attempts.admit(at: time, limits)
        } catch {
            guard case .tooManyAttempts(let seconds) = error else { return nil }
            return seconds
        }
        if isRight { attempts.succeed(at: time) } else { attempts.fail(at: time) }
        tallies[place] = attempts.place
        if let tally = attempts.account { tallies[.account(account)] = tally }
        if let tally = attempts.address { tallies[.address(address)] = tally }
        return nil
    }
}

private let eight = Date(timeIntervalSince1970: 1_800_000_000)

/// Five hundred people come between eight and ten past, 40 % of them in the first minute. One in 25 has forgotten their password and
/// tries 4 to 14 others before the right one. A refused person is counted and does not try again.
private struct School {
    private(set) var right = 0
    private(set) var refused = 0
    private(set) var refusedAfterTenWrong = 0
    private(set) var longestWaitSeconds = 0

    private struct Attempt {
        let second, person: Int
        let isKnown: Bool
        let wrongBefore: Int
        let isRight: Bool
    }

    static func morning(typoShare: Double, knownShare: Double, guessesPerSecond: Int = 0) -> School {
        var school = School(), hub = SimulatedHub(), chance = Seeded()
        var attempts = (0..<500).flatMap { person in
            Self.attempts(of: person, typoShare: typoShare, knownShare: knownShare, &chance)
        }
        for index in 0..<(guessesPerSecond * 600) {
            attempts.append(
                Attempt(
                    second: index / guessesPerSecond, person: 1_000 + index, isKnown: false, wrongBefore: 0,
                    isRight: false))
        }
        for attempt in attempts.sorted(by: { ($0.second, $0.person) < ($1.second, $1.person) }) {
            school.attend(attempt, &hub)
        }
        return school
    }

    private static func attempts(
        of person: Int, typoShare: Double, knownShare: Double, _ chance: inout Seeded
    ) -> [Attempt] {
        let isKnown = chance.isTrue(knownShare)
        let start = Int.random(in: chance.isTrue(0.4) ? 0..<60 : 60..<600, using: &chance)
        var wrong = 0
        if person % 25 == 0 {
            wrong = Int.random(in: 4...14, using: &chance)
        } else {
            while chance.isTrue(typoShare) { wrong += 1 }
        }
        return (0...wrong).map { number in
            Attempt(
                second: start + 6 * number, person: person, isKnown: isKnown, wrongBefore: number,
                isRight: number == wrong)
        }
    }

    private mutating func attend(_ attempt: Attempt, _ hub: inout SimulatedHub) {
        let wait = hub.logIn(
            attempt.person, at: 0, isKnown: attempt.isKnown, isRight: attempt.isRight,
            at: eight + Double(attempt.second))
        guard attempt.isRight else { return }
        right += 1
        guard let wait else { return }
        refused += 1
        if attempt.wrongBefore >= 10 { refusedAfterTenWrong += 1 }
        longestWaitSeconds = max(longestWaitSeconds, wait)
    }

    func row(_ name: String) -> String {
        "| \(name) | \(right) | \(refused) | \(refusedAfterTenWrong) | \(longestWaitSeconds) s |"
    }
}

/// An attacker guesses at one account for six hours, with each address as soon as possible, longest unused first. Every ten minutes
/// the owner logs in with a device that is known, and once more from elsewhere with none.
private struct Siege {
    let addressCount: Int
    private(set) var guesses = [0, 0, 0, 0, 0, 0]
    private(set) var ownerCount = 0
    private(set) var refusedWithDevice = 0
    private(set) var refusedElsewhere = 0

    static func laid(addressCount: Int) -> Siege {
        var siege = Siege(addressCount: addressCount), hub = SimulatedHub()
        var queue = Rotation(count: addressCount)
        for second in 0..<(6 * 3_600) {
            let time = eight + Double(second)
            queue.useAll(at: second) { address in
                let wait = hub.logIn(0, at: address, isRight: false, at: time)
                if wait == nil { siege.guesses[second / 3_600] += 1 }
                return wait
            }
            if second % 600 == 599 {
                siege.ownerCount += 1
                if hub.logIn(0, at: -1, isKnown: true, isRight: true, at: time) != nil { siege.refusedWithDevice += 1 }
                if hub.logIn(0, at: -2, isRight: true, at: time) != nil { siege.refusedElsewhere += 1 }
            }
        }
        return siege
    }

    var row: String {
        "| \(addressCount) | \(guesses[0]) | \(guesses[5]) | \(refusedWithDevice) of \(ownerCount) "
            + "| \(refusedElsewhere) of \(ownerCount) |"
    }
}

/// A guesser at all of 5,000 accounts for two hours, each address at the next account as soon as it may.
private struct Spraying {
    let addressCount: Int
    private(set) var guesses = [0, 0]

    static func done(addressCount: Int) -> Spraying {
        var spraying = Spraying(addressCount: addressCount), hub = SimulatedHub()
        var next = 0
        // One address after the other, each at its own: they meet at no account often enough to hold each other up.
        for address in 0..<addressCount {
            var second = 0
            while second < 2 * 3_600 {
                next += 1
                let wait = hub.logIn(next % 5_000, at: address, isRight: false, at: eight + Double(second))
                if wait == nil { spraying.guesses[second / 3_600] += 1 }
                second += wait ?? 1
            }
        }
        return spraying
    }

    var row: String { "| \(addressCount) | \(guesses[0]) | \(guesses[1]) |" }
}

/// Addresses in turn, each again once it may.
private struct Rotation {
    private var mayAt: [Int]
    private var next = 0

    init(count: Int) { mayAt = Array(repeating: 0, count: count) }

    /// - Parameter use: nil when the address was heard, else after how many seconds it may again.
    mutating func useAll(at second: Int, _ use: (Int) -> Int?) {
        var refusals = 0
        // An attacker who is refused by one account with five addresses tries the others a second later.
        for _ in mayAt.indices where refusals < 5 {
            let address = next
            next = (next + 1) % mayAt.count
            guard mayAt[address] <= second else { continue }
            if let wait = use(address) {
                refusals += 1
                mayAt[address] = second + wait
            }
        }
    }
}

/// Chance that is the same in every run.
private struct Seeded: RandomNumberGenerator {
    private var state: UInt64 = 27

    mutating func next() -> UInt64 {
        // SplitMix64.
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func isTrue(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &self) < share }
}
