public import EventLoop
internal import Testing

/// What all tests of a process share.
public enum TestLoops {
    /// Two loops for the whole test process.
    ///
    /// Whatever holds one of them for longer than 20 ms becomes a failure of the test run.
    public static let shared: EventLoopGroup = {
        failOnStalls()
        do {
            return try EventLoopGroup(count: 2, name: "test")
        } catch {
            fatalError("no event loop: \(error)")
        }
    }()

    private static func failOnStalls() {
        #if DEBUG
        StallReporter.onStall { stall in Issue.record("\(stall)") }
        #endif
    }
}
