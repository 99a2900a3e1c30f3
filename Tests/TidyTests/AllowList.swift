/// The exceptions, each with its reason. Adding one is a decision for a review.
enum AllowList {
    /// Files that may say `@unchecked Sendable`: state around C that one thread or one lock guards.
    static let unchecked: [String: String] = [
        "Sources/Drivers/EventLoop/EventLoop.swift": "state of the loop's own thread",
        "Sources/Drivers/EventLoop/BlockingPool.swift": "a queue behind a POSIX mutex",
        "Sources/Drivers/EventLoop/Sleep.swift": "state of the loop's own thread",
        "Sources/Drivers/EventLoop/StallReporter.swift": "state of the loop's own thread",
        "Sources/Drivers/EventLoop/Threads.swift": "handed from one thread to the next",
        "Sources/Drivers/HTTP/Client/SMTPWorkers.swift": "a curl line that one thread uses",
        "Sources/Drivers/Observability/LogWriter.swift": "a buffer behind a POSIX mutex",
        "Sources/Drivers/Postgres/Rows.swift": "a result of libpq, read only",
        "Sources/Drivers/Secrets/HMACKey.swift": "a C context that one call uses",
        "Sources/Drivers/Secrets/Keys.swift": "a C key, immutable once made",
    ]

    /// Files that may start a task nobody waits for.
    static let looseTasks: [String: String] = [
        "Sources/Drivers/EventLoop/EventLoop.swift": "the one place that starts tasks, on a loop, for an owner"
    ]

    /// Files that may wait for a time: what polls a state in tests.
    static let sleepingTests: [String: String] = [
        "Tests/HubTesting/Eventually.swift": "polls a state for every test",
        "Tests/EventLoopTests/StallReporterTests.swift": "holds a loop on purpose",
    ]
}
