import Foundation
import Synchronization
import Testing

/// Feeds a part of the product with broken input: so many rounds as a rule, or for `HUB_FUZZ_SECONDS`.
///
/// Round n of a run has the seed of the run plus n, so a round that failed is the first of a run with `HUB_FUZZ_SEED` set to the
/// seed it named. A crash names none: the last seed that was printed is at most ten seconds back.
enum Fuzz {
    /// A round that takes longer hangs: the process is ended.
    private static let roundSecondsMax = 60

    static func run(
        _ name: String, rounds: Int, _ round: (_ chance: inout Chance) async throws -> Void
    ) async throws {
        let environment = ProcessInfo.processInfo.environment
        let seed = environment["HUB_FUZZ_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0..<UInt64(1 << 53))
        let seconds = environment["HUB_FUZZ_SECONDS"].flatMap(Int.init)
        let clock = ContinuousClock()
        let end = seconds.map { clock.now + .seconds($0) }
        let progress = Progress(name: name, seed: seed)
        let watcher = Task.detached { await progress.watch(secondsMax: roundSecondsMax) }
        defer { watcher.cancel() }
        while end.map({ clock.now < $0 }) ?? (progress.count < rounds) {
            var chance = Chance(seed: progress.current)
            do {
                try await round(&chance)
            } catch {
                Issue.record("\(name): \(error); again with HUB_FUZZ_SEED=\(progress.current)")
                throw error
            }
            progress.advance()
        }
        progress.report("passed")
    }
}

/// How far a run has come.
private final class Progress: Sendable {
    let name: String
    let seed: UInt64
    private let rounds = Mutex(0)

    init(name: String, seed: UInt64) {
        self.name = name
        self.seed = seed
        report("begins")
    }

    var count: Int { rounds.withLock { $0 } }
    var current: UInt64 { seed &+ UInt64(count) }
    func advance() { rounds.withLock { $0 += 1 } }

    func report(_ what: String) {
        print("fuzz \(name): \(what), round \(count), HUB_FUZZ_SEED=\(current)")
        fflush(nil)
    }

    /// Tells the seed now and then, and ends the process when a round does not come to its end.
    func watch(secondsMax: Int) async {
        let clock = ContinuousClock()
        var last = -1, since = clock.now
        while true {
            do { try await clock.sleep(for: .seconds(10)) } catch { return }
            if count != last { (last, since) = (count, clock.now) }
            report("goes on")
            if clock.now > since + .seconds(secondsMax) {
                report("hangs")
                abort()
            }
        }
    }
}
