import Foundation
import HubTesting
import Postgres
import SystemTesting
import Testing

/// Processes of the hub and its database end or freeze while events are processed.
@Suite(.serialized) struct ProcessFaultTests {
    @Test(arguments: FaultForm.logs)
    func `a consumer frozen past its session repeats no effect`(_ log: HubLogKind) async throws {
        try await HubUnderFault.endures("consumer frozen past its session", on: log, extra: ["gamification"]) { world in
            let frozen = try world.hub.program(of: "gamification")
            frozen.freeze()
            defer { frozen.thaw() }
            try await world.moreRegister()
            let accounts = Array(world.people.accounts)
            try await eventually(within: .seconds(120), "the other has all partitions") {
                let rows = try await world.database.query(
                    "select count(*) from gamification.points_award where user_id = any(\(accounts))")
                return try rows.first?.decode(Int.self) == accounts.count
            }
        }
    }

    @Test(arguments: FaultForm.logs)
    func `no event is lost with a rebalance every three seconds`(_ log: HubLogKind) async throws {
        try await HubUnderFault.endures("a rebalance every 3 s", on: log, extra: ["gamification"]) { world in
            let clock = ContinuousClock(), beginning = clock.now
            for turn in 1...FaultForm.choose(long: 20, short: 4) {
                let leaver = try world.hub.program(of: "gamification")
                if leaver.isRunning {
                    leaver.interrupt()
                    #expect(try await leaver.exitCode() == 0)
                } else {
                    try await world.hub.startAgain("gamification")
                }
                try await eventually("it is time") { clock.now >= beginning + .seconds(3) * turn }
            }
        }
    }

    @Test(arguments: FaultForm.logs)
    func `no event is lost when a relay is killed before the acknowledgement`(_ log: HubLogKind) async throws {
        try await HubUnderFault.endures("relay killed before the acknowledgement", on: log) { world in
            switch log {
            case .postgres:
                try await HoldPoint.stored.hold(on: world.database) { held in
                    try await world.relayIsLeftWaiting()
                    try await world.hub.kill("user")
                    try await held.endStatements()
                }
            case .kafka(let version):
                let cluster = try await TestKafka.shared(version)
                for broker in 1...3 { try await cluster.pause(broker) }
                try await world.relayIsLeftWaiting()
                try await world.hub.kill("user")
                // Data in their sockets are lost with them.
                for broker in 1...3 { try await cluster.kill(broker) }
                try await cluster.startAgain()
            }
            try await world.hub.startAgain("user")
            try await world.moreRegister()
            try await world.kill("user", at: [.acknowledgedToUser])
        }
    }

    @Test(arguments: FaultForm.logs)
    func `no effect is lost or repeated when services are killed at each step`(
        _ log: HubLogKind
    ) async throws {
        try await HubUnderFault.endures("services killed at each step", on: log) { world in
            async let notification: Void = world.kill(
                "notification",
                at: [.receivedByNotification, .effectsOfNotification, .mail, .acknowledgedToNotification])
            try await world.kill(
                "gamification", at: [.receivedByGamification, .effectsOfGamification, .acknowledgedToGamification])
            try await notification
        }
    }

    @Test(arguments: FaultForm.logs)
    func `no event is lost when the database is killed`(_ log: HubLogKind) async throws {
        let folder = try WorkFolder("fault")
        let server = try await PrivatePostgres.start(.init(folder: folder.url.path, connectionsMax: 300))
        let owner = Database(url: server.url(), loops: TestLoops.shared)
        try await owner.execute("create database hub")
        await owner.close()
        try await HubUnderFault.endures("database killed", on: log, databaseURL: server.url(database: "hub")) { _ in
            #expect(kill(server.process, SIGKILL) == 0)
            try await eventually("it has ended") { server.hasEnded }
            try await server.restart()
        }
        await server.stop()
        folder.finish()
    }
}
