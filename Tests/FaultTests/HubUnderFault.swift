import Contracts
import EventLoop
import HubTesting
import Kafka
import Messaging
import Observability
import Postgres
import SystemTesting
import Testing

/// A hub of real processes with continuous registrations, and the comparison afterwards.
struct HubUnderFault: Sendable {
    /// The time limit for work in progress after the fault.
    private static let settleMax = FaultForm.choose(long: Duration.seconds(900), short: .seconds(180))
    /// During faults of brokers, one in this many requests may fail.
    private static let requestsForOneFailure = 1_000

    let hub: HubUnderTest
    let people: Registrations
    let books: Books
    var database: Database { books.database }

    /// Causes a fault and compares the effects.
    /// - Parameters:
    ///   - extra: a service with a second process.
    ///   - cluster: the caller's cluster; nil for the shared one.
    ///   - databaseURL: the caller's database; nil for one on the server of the tests.
    ///   - onlyBrokersSuffer: requests must then succeed.
    ///   - afterwards: runs after a successful comparison.
    static func endures(
        _ name: String, on kind: HubLogKind, extra: [String] = [], cluster: TestKafka? = nil,
        databaseURL: String? = nil, onlyBrokersSuffer: Bool = false, _ fault: (HubUnderFault) async throws -> Void,
        afterwards: (HubUnderFault) async throws -> Void = { _ in }
    ) async throws {
        let (hub, books) = try await HubUnderTest.underFault(
            ["gateway", "user", "auth", "notification", "gamification"] + extra, on: kind, cluster: cluster,
            databaseURL: databaseURL)
        let people = Registrations(hub.client, atLeast: FaultForm.registrationsMin, lineCount: FaultForm.lineCount)
        let world = HubUnderFault(hub: hub, people: people, books: books)

        async let registering: Void = people.run()
        try await world.moreRegister()
        try await fault(world)
        try await world.moreRegister()
        people.stop()
        try await registering

        try await world.reckon(name, kind, onlyBrokersSuffer)
        try await afterwards(world)
        try await hub.stop(books)
    }

    /// Waits for further registrations: a tenth of the total.
    func moreRegister() async throws {
        let before = people.accounts.count
        try await eventually(within: .seconds(300), "people register") {
            people.accounts.count >= before + FaultForm.registrationsMin / 10
        }
    }

    /// Keeps a state for some time, with continuing registrations.
    func lasting(long: Duration, short: Duration) async throws {
        let clock = ContinuousClock(), end = clock.now + FaultForm.choose(long: long, short: short)
        try await moreRegister()
        try await eventually(within: .seconds(300), "the time is over") { clock.now >= end }
    }

    /// Kills and restarts the process of a service at each hold point.
    func kill(_ service: String, at points: [HoldPoint]) async throws {
        for point in points { try await hub.kill(service, at: point, on: database) }
    }

    /// Waits until the relay of the user service has sent events without an acknowledgement.
    func relayIsLeftWaiting() async throws {
        try await eventually(within: .seconds(120), "events wait for their acknowledgement") {
            // It reads committed events within milliseconds.
            let rows = try await database.query(
                #"select exists (select from "user".outbox where created_at < clock_timestamp() - interval '2 seconds')"#
            )
            return try rows.first?.decode(Bool.self) ?? false
        }
    }

    func reckoning() async throws -> Reckoning { try await reckon().reckoning }

    private func reckon() async throws -> (reckoning: Reckoning, mails: Int, ledgerRows: Int) {
        var reckoning = try await Reckoning(books)
        let (mails, ledgerRows) = try await reckoning.check(accounts: people.accounts, in: books)
        return (reckoning, mails, ledgerRows)
    }

    private func reckon(_ name: String, _ kind: HubLogKind, _ onlyBrokersSuffer: Bool) async throws {
        try await books.settle(within: Self.settleMax, in: hub)
        let tally = people.tally
        let (reckoning, mails, ledgerRows) = try await reckon()
        #expect(reckoning.discrepancies == [])
        if onlyBrokersSuffer { #expect(tally.failures * Self.requestsForOneFailure <= tally.requests) }
        Self.tableBegins
        let counts = [
            people.accounts.count, tally.requests, tally.failures, reckoning.written, reckoning.records,
            reckoning.handled, reckoning.deadLetters, mails, ledgerRows,
        ]
        print("| \(name) | \(kind.testDescription) | \(counts.map(String.init).joined(separator: " | ")) |")
    }

    /// Printed once.
    private static let tableBegins: Void = print(
        """
        | fault | log | registrations | requests | not 2xx | events | records | handled | dead letters | welcome mails | ledger rows |
        |---|---|---|---|---|---|---|---|---|---|---|
        """)
}

extension HubUnderTest {
    /// A hub in many processes with recorded events, which can be stopped at hold points.
    static func underFault(
        _ services: [String], on kind: HubLogKind, cluster: TestKafka? = nil, databaseURL: String? = nil,
        _ settings: [String: String] = [:]
    ) async throws -> (HubUnderTest, Books) {
        let url = if let databaseURL { databaseURL } else { try await TestDatabase.make().url }
        let database = Database(url: url, loops: TestLoops.shared)
        var environment = try await kind.environment().merging(settings) { $1 }
        if let cluster { environment["KAFKA_BOOTSTRAP_SERVERS"] = cluster.bootstrapServers }
        let log = try log(on: environment["KAFKA_BOOTSTRAP_SERVERS"], database)
        // The cluster outlives a hub, and contains events of other hubs without accounts in this one.
        if case .kafka = kind { try await log.deleteTopics(TopicSettings.catalogue.map(\.name)) }
        environment["DATABASE_URL"] = url
        let hub = try await inManyProcesses(services, environment)
        let books = try await Books.open(for: services, database, log)
        try await HoldPoint.prepare(database)
        return (hub, books)
    }

    private static func log(on bootstrapServers: String?, _ database: Database) throws -> any EventLog {
        let loops = TestLoops.shared, logger = Logger.quiet
        guard let bootstrapServers else { return PostgresLog(database: database, loops: loops, logger: logger) }
        return try KafkaLog(.init(bootstrapServers: bootstrapServers), loops: loops, logger: logger)
    }

    /// Stops the hub gracefully and closes the records.
    func stop(_ books: Books) async throws {
        #expect(try await stop().allSatisfy { $0 == 0 })
        await books.log.close()
        await books.database.close()
    }

    /// Kills and restarts the process of a service at a hold point.
    /// - Parameter begin: starts the work that reaches the point.
    func kill(
        _ service: String, at point: HoldPoint, on database: Database, _ begin: () async throws -> Void = {}
    ) async throws {
        try await point.hold(on: database) { held in
            try await begin()
            try await held.someoneHasCome()
            try await kill(service)
            try await held.endStatements()
        }
        try await startAgain(service)
    }

    func kill(_ service: String) async throws {
        let program = try program(of: service)
        program.kill()
        _ = try await program.exitCode()
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
        // Computed as brokers do: Java's hash of the name chooses the partition. A query to the brokers would be a group request, in which
        // librdkafka must not lose the connection.
        let hash = group.rawValue.utf16.reduce(Int32(0)) { $0 &* 31 &+ Int32($1) }
        return try await leader(of: offsets, Int(hash & .max) % partitionCount)
    }

    func topic(_ name: String) async throws -> KafkaTopic {
        let driver = try KafkaCluster(.init(bootstrapServers: bootstrapServers), logger: .quiet)
        let admin = try await driver.administer(on: TestLoops.shared.next())
        // Brokers create the offsets topic at the first coordinator request of a group.
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
