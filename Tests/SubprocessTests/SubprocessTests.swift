import EventLoop
import Foundation
import HubTesting
import Subprocess
import Synchronization
import Testing

@Suite struct SubprocessTests {
    private let pool: BlockingPool

    init() throws { pool = try BlockingPool(name: "programs", threadCount: 4, queueCountMax: 4) }

    private func shell(
        _ script: String, timeMax: Duration = .seconds(20), _ change: (inout Subprocess) -> Void = { _ in }
    ) -> Subprocess {
        var program = Subprocess("/bin/sh", ["-c", script], limits: .init(timeMax: timeMax))
        program.limits.endTime = .milliseconds(200)
        change(&program)
        return program
    }

    private func isRunning(_ id: String) -> Bool {
        guard let number = Int32(id), let status = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)
        else { return false }
        return !status.contains(") Z ")
    }

    // MARK: Input and output

    @Test func `a program gets only its arguments, input and environment`()
        async throws
    {
        let outcome = try await shell("cat; env | sort; pwd; echo worse >&2; exit 3") {
            $0.input = Array("given\n".utf8)
            $0.environment = ["NAMED": "yes"]
        }.run(on: pool)
        #expect(String(decoding: outcome.output, as: UTF8.self) == "given\nNAMED=yes\nPWD=/\n/\n")
        #expect(outcome.errors == "worse\n")
        #expect(outcome.status == 3)
    }

    @Test func `a program inherits no descriptors and no ignored signals`() async throws {
        let open = try #require(fopen("/dev/null", "r"))
        defer { fclose(open) }
        signal(SIGUSR2, SIG_IGN)
        defer { signal(SIGUSR2, SIG_DFL) }
        let files = try await Subprocess("/bin/ls", ["/proc/self/fd"], limits: .init(timeMax: .seconds(10))).run(
            on: pool)
        // The last one is the folder that is being listed.
        #expect(String(decoding: files.output, as: UTF8.self) == "0\n1\n2\n3\n")
        let ignored = try await shell("grep SigIgn /proc/self/status").run(on: pool)
        let mask = String(decoding: ignored.output, as: UTF8.self).split(separator: "\t").last?.prefix(16) ?? ""
        // From signal 32 on they are the C library's own.
        #expect((UInt64(mask, radix: 16) ?? .max) & 0x7FFF_FFFF == 0)
    }

    @Test func `lines come while the program runs`() async throws {
        let lines = Mutex<[String]>([])
        let outcome = try await shell("echo one; echo two; printf three") { $0.limits.outputBytesMax = 8 }
            .run(on: pool) { line in lines.withLock { $0.append(line) } }
        #expect(lines.withLock { $0 } == ["one", "two", "three"])
        #expect(outcome.output.isEmpty)
    }

    @Test func `the end of a program's error output is kept`() async throws {
        let outcome = try await shell("seq 1 100000 >&2; echo done") { $0.limits.errorsBytesKept = 13 }.run(on: pool)
        #expect(outcome.errors == "99999\n100000\n")
        #expect(String(decoding: outcome.output, as: UTF8.self) == "done\n")
    }

    @Test func `a missing or invalid program is not started`() async throws {
        for path in ["/nowhere/ffmpeg", "/etc/passwd", "/tmp"] {
            do {
                _ = try await Subprocess(path, limits: .init(timeMax: .seconds(5))).run(on: pool)
                Issue.record("\(path) was started")
            } catch SubprocessError.notStarted(path: path, let reason) {
                #expect(!reason.isEmpty)
            }
        }
    }

    // MARK: Limits

    @Test func `a program over its time limit is stopped with its children`() async throws {
        let children = Mutex<[String]>([])
        let start = ContinuousClock.now
        await #expect(throws: SubprocessError.timedOut) {
            try await shell("sleep 60 & echo $!; echo $$; wait", timeMax: .milliseconds(300))
                .run(on: pool) { line in children.withLock { $0.append(line) } }
        }
        #expect(ContinuousClock.now - start < .seconds(10))
        let started = children.withLock { $0 }
        #expect(started.count == 2)
        try await eventually { !started.contains(where: isRunning) }
    }

    @Test func `a program that ignores SIGTERM is killed with its children`() async throws {
        let children = Mutex<[String]>([])
        await #expect(throws: SubprocessError.timedOut) {
            try await shell(
                "trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & echo $!; echo $$; while :; do sleep 1; done",
                timeMax: .milliseconds(300)
            ).run(on: pool) { line in children.withLock { $0.append(line) } }
        }
        let started = children.withLock { $0 }
        #expect(started.count == 2)
        try await eventually { !started.contains(where: isRunning) }
    }

    @Test func `a remaining child is killed and blocks nothing`() async throws {
        let start = ContinuousClock.now
        let outcome = try await shell("(trap '' TERM HUP; sleep 60) & echo $!").run(on: pool)
        #expect(ContinuousClock.now - start < .seconds(10))
        let child = String(decoding: outcome.output, as: UTF8.self).trimmingCharacters(in: .newlines)
        try await eventually { !isRunning(child) }
    }

    @Test func `a program can handle SIGTERM`() async throws {
        let lines = Mutex<[String]>([])
        await #expect(throws: SubprocessError.timedOut) {
            try await shell(
                "trap 'echo bye; exit 0' TERM; echo $$; while :; do sleep 0.05; done", timeMax: .milliseconds(300)
            ) {
                $0.limits.endTime = .seconds(10)
            }.run(on: pool) { line in lines.withLock { $0.append(line) } }
        }
        #expect(lines.withLock { $0.last } == "bye")
    }

    @Test func `endless output stops the program, endless error output does not`()
        async throws
    {
        await #expect(throws: SubprocessError.tooMuchOutput) {
            try await shell("yes") { $0.limits.outputBytesMax = 100_000 }.run(on: pool)
        }
        await #expect(throws: SubprocessError.tooMuchOutput) {
            try await shell("yes | tr -d '\\n'") { $0.limits.outputBytesMax = 100_000 }.run(on: pool) { _ in }
        }
        await #expect(throws: SubprocessError.timedOut) {
            try await shell("yes >&2", timeMax: .milliseconds(300)).run(on: pool)
        }
    }

    @Test func `the memory of a program is limited`() async throws {
        let script = "import sys\nkept = bytearray(300_000_000)\nprint(len(kept))"
        var program = Subprocess("/usr/bin/python3", ["-c", script], limits: .init(timeMax: .seconds(20)))
        let free = try await program.run(on: pool)
        #expect(free.status == 0)
        program.limits.memoryBytesMax = 200 * 1024 * 1024
        let bound = try await program.run(on: pool)
        #expect(bound.status == 1)
        #expect(bound.errors.contains("MemoryError"))
    }

    @Test func `the processor time and file sizes of a program are limited`() async throws {
        let busy = try await shell("while :; do :; done") { $0.limits.cpuSecondsMax = 1 }.run(on: pool)
        #expect(busy.status == 128 + SIGXCPU)
        let path = "/tmp/hub-subprocess-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let writing = try await Subprocess(
            "/bin/dd", ["if=/dev/zero", "of=\(path)", "bs=1024", "count=1000"], limits: .init(timeMax: .seconds(20))
        ).with { $0.limits.fileBytesMax = 10 * 1024 }.run(on: pool)
        #expect(writing.status == 128 + SIGXFSZ)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int == 10 * 1024)
    }

    // MARK: Cancellation

    @Test func `a cancelled program is killed with its children`() async throws {
        let children = Mutex<[String]>([])
        let program = shell("trap '' TERM; sleep 60 & echo $!; echo $$; while :; do sleep 1; done")
        let pool = pool
        let running = Task {
            try await program.run(on: pool) { line in children.withLock { $0.append(line) } }
        }
        try await eventually { children.withLock { $0.count } == 2 }
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
        try await eventually { !children.withLock { $0 }.contains(where: isRunning) }
    }

    @Test func `no zombie process and no open descriptor remain`() async throws {
        func descriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        _ = try await shell("true").run(on: pool)
        let before = try descriptors()
        let ids = Mutex<[String]>([])
        for _ in 0..<20 {
            _ = try await shell("echo $$") { $0.input = [1] }.run(on: pool) { id in ids.withLock { $0.append(id) } }
        }
        #expect(ids.withLock { $0.count } == 20)
        #expect(!ids.withLock { $0 }.contains { FileManager.default.fileExists(atPath: "/proc/\($0)") })
        try await eventually { try descriptors() <= before }
    }
}

extension Subprocess {
    fileprivate func with(_ change: (inout Subprocess) -> Void) -> Subprocess {
        var changed = self
        change(&changed)
        return changed
    }
}
