import Contracts
import EventLoop
import HubTesting
import Kafka
import Messaging
import Observability
import Postgres
import SystemTesting
import Testing

/// A hub of real processes with people who register throughout, and the reckoning afterwards.
struct HubUnderFault: Sendable {
    /// How long what is under way may take when the fault is over.
    private static let settleMax = FaultForm.choose(long: Duration.seconds(900), short: .seconds(180))
    /// Of the requests while only brokers suffer, one in so many may fail.
    private static let requestsForOneFailure = 1_000

    let hub: HubUnderTest
    let people: Registrations
    let database: Database
    let log: any EventLog

    /// Plays a fault and reckons.
    /// - Parameters:
    ///   - extra: a service that has a second process.
    ///   - cluster: one of the caller's; nil for the one that rows share.
    ///   - databaseURL: a database of the caller's; nil for one on the tests' server.
    ///   - onlyBrokersSuffer: then people must not notice.
    ///   - afterwards: when everything has added up.
    static func endures(
        _ name: String, on kind: HubLogKind, extra: [String] = [], cluster: TestKafka? = nil,
        databaseURL: String? = nil, onlyBrokersSuffer: Bool = false, _ fault: (HubUnderFault) async throws -> Void,
        afterwards: (HubUnderFault) async throws -> Void = { _ in }
    ) async throws {
        let url = if let databaseURL { databaseURL } else { try await TestDatabase.make().url }
        let database = Database(url: url, loops: TestLoops.shared)
        var environment = try await kind.environment()
        if let cluster { environment["KAFKA_BOOTSTRAP_SERVERS"] = cluster.bootstrapServers }
        let log = try log(on: environment["KAFKA_BOOTSTRAP_SERVERS"], database)
        // A cluster outlives a hub: what others left there would have no accounts here.
        if case .kafka = kind { try await log.deleteTopics(TopicSettings.catalogue.map(\.name)) }
        environment["DATABASE_URL"] = url
        // What is tested is not how long a password takes.
        environment["HUB_PASSWORD_MEMORY_KIB"] = "8"
        environment["HUB_PASSWORD_ITERATIONS"] = "1"
        let hub = try await HubUnderTest.inManyProcesses(
            ["gateway", "user", "auth", "notification", "gamification"] + extra, environment)
        try await Reckoning.begin(database)
        try await HoldPoint.prepare(database)
        let people = Registrations(hub.client, atLeast: FaultForm.registrationsMin, lineCount: FaultForm.lineCount)
        let world = HubUnderFault(hub: hub, people: people, database: database, log: log)

        async let registering: Void = people.run()
        try await world.moreRegister()
        try await fault(world)
        try await world.moreRegister()
        people.stop()
        try await registering

        try await world.reckon(name, kind, onlyBrokersSuffer)
        try await afterwards(world)
        #expect(try await hub.stop().allSatisfy { $0 == 0 })
        await log.close()
        await database.close()
    }

    /// Waits until people have registered after now: a tenth of those to come.
    func moreRegister() async throws {
        let before = people.tally.accounts.count
        try await eventually(within: .seconds(300), "people register") {
            people.tally.accounts.count >= before + FaultForm.registrationsMin / 10
        }
    }

    /// Keeps up a state for a time, in which people go on registering.
    func lasting(long: Duration, short: Duration) async throws {
        let clock = ContinuousClock(), end = clock.now + FaultForm.choose(long: long, short: short)
        try await moreRegister()
        try await eventually(within: .seconds(300), "the time is over") { clock.now >= end }
    }

    /// Kills the process of a service where it is held up, and starts it again, once for each point.
    func kill(_ service: String, at points: [HoldPoint]) async throws {
        for point in points {
            try await point.hold(on: database) { held in
                try await held.someoneHasCome()
                try await kill(service)
                try await held.endStatements()
            }
            try await hub.startAgain(service)
        }
    }

    func kill(_ service: String) async throws {
        let program = try hub.program(of: service)
        program.kill()
        _ = try await program.exitCode()
    }

    /// Waits until the relay of the user service has sent events that nobody acknowledges.
    func relayIsLeftWaiting() async throws {
        try await eventually(within: .seconds(120), "events wait for their acknowledgement") {
            // It takes what is committed within milliseconds.
            let rows = try await database.query(
                #"select exists (select from "user".outbox where created_at < clock_timestamp() - interval '2 seconds')"#
            )
            return try rows.first?.decode(Bool.self) ?? false
        }
    }

    func reckoning() async throws -> Reckoning { try await Reckoning(accounts: people.tally.accounts, database, log) }

    private func reckon(_ name: String, _ kind: HubLogKind, _ onlyBrokersSuffer: Bool) async throws {
        try await eventually(within: Self.settleMax, "everything is settled") {
            try await Reckoning.isSettled(database)
        }
        let tally = people.tally
        let reckoning = try await reckoning()
        #expect(reckoning.discrepancies == [])
        if onlyBrokersSuffer { #expect(tally.failures * Self.requestsForOneFailure <= tally.requests) }
        Self.tableBegins
        let counts = [
            tally.accounts.count, tally.requests, tally.failures, reckoning.written, reckoning.records,
            reckoning.handled, reckoning.deadLetters, reckoning.mails, reckoning.ledgerRows,
        ]
        print("| \(name) | \(kind.testDescription) | \(counts.map(String.init).joined(separator: " | ")) |")
    }

    /// Said once.
    private static let tableBegins: Void = print(
        """
        | fault | log | registrations | requests | not 2xx | events | records | handled | dead letters | welcome mails | ledger rows |
        |---|---|---|---|---|---|---|---|---|---|---|
        """)

    private static func log(on bootstrapServers: String?, _ database: Database) throws -> any EventLog {
        let loops = TestLoops.shared, logger = Logger.quiet
        guard let bootstrapServers else { return PostgresLog(database: database, loops: loops, logger: logger) }
        return try KafkaLog(.init(bootstrapServers: bootstrapServers), loops: loops, logger: logger)
    }
}

extension TestKafka {
    /// The broker that leads a partition.
    func leader(of topic: String, _ partition: Int) async throws -> Int {
        try await eventually(within: .seconds(60), "\(topic)/\(partition) has a leader") {
            try await self.topic(topic).partitions[partition].leader
        }
    }

    /// The broker that coordinates a group.
    func coordinator(of group: ConsumerGroup) async throws -> Int {
        let offsets = "__consumer_offsets", partitionCount = try await topic(offsets).partitions.count
        // As brokers reckon it: Java's hash of the name chooses the partition. Asking them would be a question about groups, in which
        // librdkafka must not lose the connection.
        let hash = group.rawValue.utf16.reduce(Int32(0)) { $0 &* 31 &+ Int32($1) }
        return try await leader(of: offsets, Int(hash & .max) % partitionCount)
    }

    func topic(_ name: String) async throws -> KafkaTopic {
        let driver = try KafkaCluster(.init(bootstrapServers: bootstrapServers), logger: .quiet)
        let admin = try await driver.administer(on: TestLoops.shared.next())
        // Brokers make the topic of offsets when the first group asks for its coordinator.
        let found = try await eventually(within: .seconds(60), "\(name) is there") {
            try await admin.layout([name], within: .seconds(60))[name]
        }
        await admin.close(within: .seconds(5))
        driver.close()
        return found
    }
}

extension Logger {
    fileprivate static var quiet: Logger { Logger(label: "test", level: .warning, sink: LogRecorder()) }
}
