import HubTesting
import Observability
import ServiceTesting
import Synchronization
import Testing

@testable import Platform

@Suite struct SupervisorTests {
    private struct Broken: Error {}

    @Test func `consecutive failures are counted and logged once until the work is stable again`()
        async throws
    {
        let lines = LogRecorder(), clock = TestClock(), starts = Atomic(0)
        let supervisor = Supervisor(
            loops: TestLoops.shared, logger: Logger(label: "test", sink: lines), uptime: { clock.uptime })
        supervisor.start("work") {
            let turn = starts.add(1, ordering: .relaxed).newValue
            // The fourth time it goes well for as long as it takes, the fifth not quite.
            if turn == 4 { clock.advance(by: 60) }
            if turn == 5 { clock.advance(by: 59) }
            throw Broken()
        }
        try await eventually { lines.lines.count >= 3 && starts.load(ordering: .relaxed) > 6 }
        await supervisor.stop()
        // The second and the third came at once, and those after the fifth.
        #expect(lines.lines.count == 3 && lines.lines[1].contains("\"count\":3"))
        for (line, failures) in zip(lines.lines, [1, 1, 2]) {
            #expect(line.contains("\"attempt\":\(failures),") || line.contains("\"attempt\":\(failures)}"), "\(line)")
        }
    }
}
