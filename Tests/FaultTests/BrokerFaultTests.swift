import Contracts
import HubTesting
import Kafka
import SystemTesting
import Testing

/// Faults of brokers, which must not affect requests or events.
@Suite(.serialized, .enabled(if: !TestKafka.versions.isEmpty, "no KAFKA_HOME")) struct BrokerFaultTests {
    private func play(
        _ name: String, _ version: String, on cluster: TestKafka? = nil,
        _ fault: (HubUnderFault, TestKafka) async throws -> Void
    ) async throws {
        let given = cluster
        let cluster = if let given { given } else { try await TestKafka.shared(version) }
        try await HubUnderFault.endures(name, on: .kafka(version), cluster: cluster, onlyBrokersSuffer: true) { world in
            try await fault(world, cluster)
        }
    }

    @Test(arguments: FaultForm.kafkaVersions)
    func `no event is lost when leaders are killed repeatedly`(_ version: String) async throws {
        let times = FaultForm.choose(long: 5, short: 2)
        try await play("leader killed \(times) times", version) { world, cluster in
            for _ in 1...times {
                let leader = try await cluster.leader(of: Topic.userRegistered.name, 0)
                try await cluster.kill(leader)
                try await world.moreRegister()
                try await cluster.restart(leader)
            }
        }
    }

    @Test(arguments: FaultForm.kafkaVersions)
    func `no event is lost in a rolling restart`(_ version: String) async throws {
        try await play("rolling restart", version) { world, cluster in
            for broker in 1...FaultForm.choose(long: 3, short: 2) {
                try await cluster.restart(broker)
                try await world.moreRegister()
            }
        }
    }

    @Test(arguments: FaultForm.kafkaVersions)
    func `no event is lost while two of three brokers are down`(_ version: String) async throws {
        try await play("two of three brokers down", version) { world, cluster in
            let leader = try await cluster.leader(of: Topic.userRegistered.name, 0)
            for broker in [leader, leader % 3 + 1] { try await cluster.kill(broker) }
            try await world.lasting(long: .seconds(30), short: .seconds(3))
            try await cluster.startAgain()
        }
    }

    @Test(arguments: FaultForm.kafkaVersions)
    func `no event is lost while all brokers are down`(_ version: String) async throws {
        try await play("all brokers down", version) { world, cluster in
            for broker in 1...3 { try await cluster.kill(broker) }
            try await world.lasting(long: .seconds(60), short: .seconds(5))
            try await cluster.startAgain()
        }
    }

    @Test(arguments: FaultForm.kafkaVersions)
    func `no event is lost while a broker is frozen`(_ version: String) async throws {
        try await play("broker paused", version) { world, cluster in
            let leader = try await cluster.leader(of: Topic.userRegistered.name, 0)
            try await cluster.pause(leader)
            try await world.lasting(long: .seconds(20), short: .seconds(5))
            try await cluster.resume(leader)
        }
    }

    @Test(arguments: FaultForm.kafkaVersions)
    func `no event is lost when a group coordinator is killed`(_ version: String) async throws {
        try await play("group coordinator killed", version) { world, cluster in
            let coordinator = try await cluster.coordinator(of: .gamification)
            try await cluster.kill(coordinator)
            try await world.moreRegister()
            try await cluster.restart(coordinator)
        }
    }

    @Test(.enabled(if: SmallDisk.obstacle == nil, "\(SmallDisk.obstacle ?? "")"), arguments: FaultForm.kafkaVersions)
    func `no event is lost while a broker's disk is full`(_ version: String) async throws {
        let disk = try SmallDisk(mebibytes: 512)
        defer { disk.remove() }
        let cluster = try await TestKafka.start(version, dataOfThird: disk.path + "/kafka")
        try await play("broker's disk full", version, on: cluster) { world, cluster in
            try disk.fill()
            try await eventually(within: .seconds(120), "the third broker is out") {
                // A request can time out directly after the death of a broker.
                let topic = try? await cluster.topic(Topic.userRegistered.name)
                return topic?.partitions.allSatisfy { !$0.inSync.contains(3) } ?? false
            }
            try await world.moreRegister()
            try disk.clear()
            try await cluster.restart(3)
        }
        try await cluster.stop()
    }

    @Test(arguments: FaultForm.kafkaVersions)
    func `no event is lost while a broker is cut off from the network`(_ version: String) async throws {
        let (cluster, network) = try await TestKafka.startWithNetwork(version)
        try await play("network to a broker cut", version, on: cluster) { world, _ in
            network.cut()
            defer { network.heal() }
            try await world.lasting(long: .seconds(30), short: .seconds(5))
        }
        try await cluster.stop()
        network.stop()
    }
}
