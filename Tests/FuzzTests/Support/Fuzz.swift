import Foundation
import Synchronization
import Testing

/// Runs a part of the product with broken input: a fixed number of rounds, or for `HUB_FUZZ_SECONDS`.
///
/// Round n of a run has the seed of the run plus n, so a round that failed is the first of a run with `HUB_FUZZ_SEED` set to the
/// printed seed. After a crash, the last printed seed is at most ten seconds old.
enum Fuzz {
    /// A longer round counts as a hang and ends the process.
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

/// The progress of a run.
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

    /// Prints the seed periodically, and ends the process if a round hangs.
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
