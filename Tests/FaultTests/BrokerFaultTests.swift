import Contracts
import HubTesting
import SystemTesting
import Testing

/// Brokers suffer, and neither people nor the counts show it.
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
    func `a partition's leader that is killed again and again takes nothing with it`(_ version: String) async throws {
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
    func `brokers can be restarted one after the other`(_ version: String) async throws {
        try await play("rolling restart", version) { world, cluster in
            for broker in 1...3 {
                try await cluster.restart(broker)
                try await world.moreRegister()
            }
        }
    }
}
