/// The exceptions, each with its reason. Adding one is a decision for a review.
enum AllowList {
    /// Files that may use `@unchecked Sendable`: state around C that one thread or one lock guards.
    static let unchecked: [String: String] = [
        "Sources/Drivers/EventLoop/EventLoop.swift": "state of the loop's own thread",
        "Sources/Drivers/EventLoop/BlockingPool.swift": "a queue behind a POSIX mutex",
        "Sources/Drivers/EventLoop/Sleep.swift": "state of the loop's own thread",
        "Sources/Drivers/EventLoop/StallReporter.swift": "state of the loop's own thread",
        "Sources/Drivers/EventLoop/Threads.swift": "handed from one thread to the next",
        "Sources/Drivers/HTTP/Client/CurlMulti.swift": "state of the loop's own thread, around curl",
        "Sources/Drivers/HTTP/Client/HTTPTransfer.swift": "state of the loop's own thread, around curl",
        "Sources/Drivers/HTTP/Client/SMTPWorkers.swift": "a curl line that one thread uses",
        "Sources/Drivers/HTTP/Client/OutgoingBody.swift": "state of the loop's own thread",
        "Sources/Drivers/HTTP/Server/Exchange.swift": "state of the loop's own thread",
        "Sources/Drivers/HTTP/Server/Listener.swift": "state of the loop's own thread",
        "Sources/Drivers/Kafka/Admin/KafkaAdmin.swift": "state of the loop's own thread",
        "Sources/Drivers/Kafka/Client/Client.swift": "state of the loop's own thread, around librdkafka",
        "Sources/Drivers/Kafka/Client/ClientHandle.swift": "a client of librdkafka, which any thread may use",
        "Sources/Drivers/Kafka/Client/Condition.swift": "state of the loop's own thread",
        "Sources/Drivers/Kafka/Consumer/AssignmentCheck.swift": "state of the loop's own thread",
        "Sources/Drivers/Kafka/Consumer/KafkaBatch.swift": "messages of librdkafka, read only",
        "Sources/Drivers/Kafka/Consumer/KafkaConsumer.swift": "state of the loop's own thread",
        "Sources/Drivers/Kafka/Consumer/KafkaLane.swift": "state of the loop's own thread",
        "Sources/Drivers/Kafka/Consumer/KafkaReader.swift": "state of the loop's own thread",
        "Sources/Drivers/Kafka/Producer/Append.swift": "state of the loop's own thread",
        "Sources/Drivers/Kafka/Producer/KafkaProducer.swift": "state of the loop's own thread",
        "Sources/Drivers/Kafka/Producer/ProducerLine.swift": "state of the loop's own thread, around librdkafka",
        "Sources/Drivers/Observability/LogWriter.swift": "a buffer behind a POSIX mutex",
        "Sources/Drivers/Postgres/Connection/CancelHandle.swift": "libpq's cancel object, which any thread may use",
        "Sources/Drivers/Postgres/Connection/Connection.swift": "state of the loop's own thread, around libpq",
        "Sources/Drivers/Postgres/Connection/Connector.swift": "state of the loop's own thread, around libpq",
        "Sources/Drivers/Postgres/Connection/ScriptWaiter.swift": "state of the loop's own thread",
        "Sources/Drivers/Postgres/Connection/Exclusive.swift": "state of the loop's own thread",
        "Sources/Drivers/Postgres/Connection/Listener.swift": "state of the loop's own thread",
        "Sources/Drivers/Postgres/Connection/LoopPool.swift": "state of the loop's own thread",
        "Sources/Drivers/Postgres/Connection/Statement.swift": "state of the loop's own thread",
        "Sources/Drivers/Postgres/Connection/TransactionLane.swift": "state of the loop's own thread",
        "Sources/Drivers/Postgres/Rows.swift": "a result of libpq, read only",
        "Sources/Drivers/Redis/RedisLine.swift": "state of the loop's own thread, around hiredis",
        "Sources/Drivers/Secrets/HMACKey.swift": "a C context that one call uses",
        "Sources/Drivers/Secrets/Keys.swift": "a C key, immutable once made",
    ]

    /// Files that may start an unstructured task.
    static let looseTasks: [String: String] = [
        "Sources/Drivers/EventLoop/EventLoop.swift": "the one place that starts tasks, on a loop, for an owner",
        "Sources/Drivers/HTTP/Client/HTTPClient.swift": "awaited on the spot: a hop to the loop that owns the state",
        "Sources/Drivers/HTTP/Server/HTTPServer.swift": "awaited on the spot: a hop to the loop that owns the state",
    ]

    /// Files that may block a thread: they run on separate threads, never on a loop.
    static let blockingWaits: [String: String] = [
        "Sources/Drivers/Postgres/Server/PrivatePostgres.swift": "starts and stops a server on a thread of a pool",
        "Sources/Drivers/Subprocess/DetachedProcess.swift": "waits for a child process on a thread of a pool",
    ]

    /// Files that may sleep: the polling of tests.
    static let sleepingTests: [String: String] = [
        "Tests/HubTesting/Eventually.swift": "polls a state for every test",
        "Tests/FaultTests/Registrations.swift": "the rate of the registrations; nothing is awaited",
        "Tests/EventLoopTests/EventLoopTests.swift": "a loop's sleep is what it tests",
        "Tests/EventLoopTests/StallReporterTests.swift": "holds a loop on purpose",
        "Tests/FuzzTests/Support/Fuzz.swift": "watches whether rounds come to their end",
    ]
}
