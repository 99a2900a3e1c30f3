import Foundation
import HubTesting
import Postgres
import SystemTesting
import Testing

/// `doctor` checks running processes with their own settings.
@Suite(.serialized) struct DoctorOfServicesTests {
    private func line(_ part: String, _ output: String) -> String {
        output.split(separator: "\n").first { $0.dropFirst(2).hasPrefix(part + " ") }.map(String.init)
            ?? "no line of \(part)"
    }

    @Test(arguments: HubLogKind.all) func `doctor detects a killed hub`(log: HubLogKind) async throws {
        let environment = try await log.environment().merging(["DATABASE_URL": try await TestDatabase.make().url]) {
            $1
        }
        let hub = try await HubUnderTest.inOneProcess(environment)
        let sound = try await hub.command(["doctor"])
        #expect(sound.code == 0, "\(sound.output)")
        #expect(line("connections", sound.output).contains("the running process opens"), "\(sound.output)")
        for service in ["gateway", "user", "gamification", "registry", "sandbox"] {
            #expect(line("service \(service)", sound.output).contains("ready at http://127.0.0.1:"), "\(sound.output)")
        }
        let folder = try await hub.kill()
        let dead = try await hub.command(["doctor"])
        #expect(dead.code == 1)
        #expect(!line("connections", dead.output).contains("running process"), "\(dead.output)")
        for service in ["gateway", "user", "gamification"] {
            let line = line("service \(service)", dead.output)
            #expect(line.hasPrefix("✘") && line.contains("no program listens there"), "\(dead.output)")
            #expect(line.contains("restart it: `learning-hub up --data \(hub.dataFolder) --port 0`"), "\(line)")
        }
        let again = try await HubUnderTest.inOneProcess(environment, on: folder)
        let whole = try await again.command(["doctor"])
        #expect(whole.code == 0 && !whole.output.contains("processes ready"), "\(whole.output)")
        #expect(try await again.stop() == [0])
        let stopped = try await again.command(["doctor"])
        #expect(
            stopped.code == 1 && line("service user", stopped.output).contains("no process of this service runs"),
            "\(stopped.output)")
    }

    @Test(arguments: HubLogKind.all) func `doctor detects a killed or stopped process`(log: HubLogKind)
        async throws
    {
        let hub = try await HubUnderTest.inManyProcesses(
            ["gateway", "user", "notification"], try await log.environment())
        let sound = try await hub.command(["doctor"])
        #expect(
            sound.code == 0 && line("service course", sound.output).contains("this service has never run"),
            "\(sound.output)"
        )
        try hub.program(of: "user").kill()
        _ = try await hub.program(of: "user").exitCode()
        let dead = try await hub.command(["doctor"])
        let user = line("service user", dead.output)
        #expect(dead.code == 1 && user.hasPrefix("✘") && user.contains(" learning-hub serve user`"), "\(dead.output)")
        #expect(!line("service gateway", dead.output).hasPrefix("✘"), "\(dead.output)")
        try await hub.startAgain("user")
        try await eventually("it is sound again") { try await hub.command(["doctor"]).code == 0 }

        try hub.program(of: "notification").freeze()
        let frozen = try await hub.command(["doctor"])
        #expect(line("service notification", frozen.output).contains("no response within"), "\(frozen.output)")
        try hub.program(of: "notification").thaw()
        try hub.program(of: "notification").interrupt()
        _ = try await hub.program(of: "notification").exitCode()
        let stopped = try await hub.command(["doctor"])
        let notification = line("service notification", stopped.output)
        #expect(stopped.code == 1 && notification.contains("no process of this service runs"), "\(stopped.output)")
        #expect(notification.contains("start it: `learning-hub serve notification`"), "\(notification)")
        #expect(try await hub.stop() == [0, 0, 0])
    }

    @Test func `doctor reports an address at which a process calls a service in vain`() async throws {
        let hub = try await HubUnderTest.inManyProcesses(["user"]), folder = try WorkFolder("doctor")
        let (own, dead) = (try FreePort.any(), try FreePort.any())
        // Without HUB_USER_URL the port of this machine is called.
        let gateway = try Program(
            ["serve", "gateway"],
            [
                "DATABASE_URL": hub.databaseURL, "HUB_IDENTITY_SECRET": "a secret that all processes share",
                "HUB_GATEWAY_PORT": String(own), "HUB_GATEWAY_PRIVATE_PORT": "0",
                "HUB_USER_PORT": String(dead),
            ], log: folder.file("gateway.log"))
        let found = try await eventually(within: .seconds(60), "the process is known") {
            let run = try await hub.command(["doctor"])
            return run.output.contains("✔ service gateway") ? run : nil
        }
        let line = line("addresses", found.output)
        #expect(found.code == 1 && line.contains("(serve gateway) calls"), "\(found.output)")
        #expect(
            line.contains("user service at http://127.0.0.1:\(dead),") && line.contains("with HUB_USER_URL=http"),
            "\(line)")
        gateway.interrupt()
        #expect(try await gateway.exitCode() == 0)
        let sound = try await hub.command(["doctor"])
        #expect(!sound.output.contains("addresses"), "\(sound.output)")
        #expect(try await hub.stop() == [0])
        folder.finish()
    }

    @Test func `doctor reports a process with another secret`() async throws {
        let hub = try await HubUnderTest.inManyProcesses(["user"]), folder = try WorkFolder("doctor")
        let own = try FreePort.any()
        let gateway = try Program(
            ["serve", "gateway"],
            [
                "DATABASE_URL": hub.databaseURL, "HUB_IDENTITY_SECRET": "a secret of this process alone",
                "HUB_GATEWAY_PORT": String(own), "HUB_GATEWAY_PRIVATE_PORT": "0",
            ], log: folder.file("gateway.log"))
        let found = try await eventually(within: .seconds(60), "the process is known") {
            let run = try await hub.command(["doctor"])
            return run.output.contains("✔ service gateway") ? run : nil
        }
        let line = line("configuration", found.output)
        #expect(found.code == 1 && line.hasPrefix("✘") && line.contains("values of HUB_IDENTITY_SECRET"), "\(line)")
        #expect(line.contains("fingerprint") && !line.contains("secret of this process"), "\(line)")
        gateway.kill()
        _ = try await gateway.exitCode()
        let alone = try await hub.command(["doctor"]).output
        #expect(!alone.contains("HUB_IDENTITY_SECRET"), "\(alone)")
        // The command that other services need it to be started with.
        let again = "HUB_GATEWAY_PORT=\(own) HUB_GATEWAY_PRIVATE_PORT=0 learning-hub serve gateway"
        #expect(self.line("service gateway", alone).contains("restart it: `\(again)`"), "\(alone)")
        #expect(try await hub.stop() == [0])
        folder.finish()
    }

    @Test func `doctor reports partitions that wait for a reset`() async throws {
        let hub = try await HubUnderTest.inManyProcesses(["user", "gamification"])
        func stop() async throws {
            try hub.program(of: "gamification").interrupt()
            _ = try await hub.program(of: "gamification").exitCode()
        }
        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        let partition = SQL("consumer_group = 'gamification' and topic = 'user.registered' and partition = 0")
        try await eventually(within: .seconds(60), "the group has a position") {
            let row = "select from gamification.consumer_position where \(partition) and next_offset = 0" as SQL
            return try await !database.query(row).isEmpty
        }
        try await stop()
        // As after the topic was deleted and created again.
        try await database.execute("update gamification.consumer_position set next_offset = 999 where \(partition)")
        await database.close()
        try await hub.startAgain("gamification")
        try await eventually(within: .seconds(60), "doctor reports it") {
            let found = try await hub.command(["doctor"])
            let line = line("service gamification", found.output)
            return found.code == 1 && line.contains("stopped partitions (gamification user.registered/0) fails")
                && line.contains("groups reset GROUP")
        }
        for command in ["list", "describe"] {
            let shown = try await hub.command(["groups", command])
            #expect(
                shown.code == 0
                    && shown.errors.contains(
                        "gamification has stopped in user.registered/0: the topic was created again"),
                "\(shown.errors)")
        }
        try await stop()
        let reset = ["groups", "reset", "gamification", "--to", "beginning", "--yes"]
        try await eventually(within: .seconds(60), "the group has no members") {
            try await hub.command(reset).code == 0
        }
        try await hub.startAgain("gamification")
        try await eventually(within: .seconds(60), "it is sound again") {
            line("service gamification", try await hub.command(["doctor"]).output).hasPrefix("✔")
        }
        #expect(try await hub.stop() == [0, 0])
    }

    @Test(arguments: [false, true]) func `doctor checks the settings of the hub`(inMany: Bool) async throws {
        let port = try FreePort.any()
        let environment = ["SMTP_URL": "smtp://me:sesame@127.0.0.1:\(port)", "HUB_SERVICE_HSOT": "x"]
        let hub =
            inMany
            ? try await HubUnderTest.inManyProcesses(["gateway", "notification"], environment)
            : try await HubUnderTest.inOneProcess(environment)
        let found = try await hub.command(["doctor"], ["HUB_MAIL_FORM": "a@b.example"])
        #expect(found.code == 1)
        #expect(line("mail", found.output).contains("127.0.0.1:\(port) Connection refused"), "\(found.output)")
        #expect(
            found.output.contains("rate limits are off")
                && found.output.contains("HUB_SERVICE_HSOT is not a known setting"))
        #expect(!found.output.contains("HUB_MAIL_FORM") && !found.output.contains("sesame"), "\(found.output)")
        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        let kept = try await database.query("select string_agg(settings::text, ' ') from hub.process").first
        let text = try #require(try kept?.decode(String.self))
        #expect(text.contains("\"smtp://127.0.0.1:\(port)\"") && !text.contains("sesame"), "\(text)")
        #expect(!text.contains("a secret that all processes share"), "\(text)")
        await database.close()
        #expect(try await hub.stop().allSatisfy { $0 == 0 })
    }

    @Test func `doctor reports a different setting in this shell`() async throws {
        let smtp = try FreePort.any()
        let hub = try await HubUnderTest.inManyProcesses(["gateway", "notification"], ["HUB_RATE_LIMITS": "default"])
        let found = try await hub.command(
            ["doctor"],
            ["HUB_RATE_LIMITS": "off", "SMTP_URL": "smtp://127.0.0.1:\(smtp)", "HUB_SERVICE_HOST": "0.0.0.0"])
        #expect(found.code == 0 && !found.output.contains("rate limits"), "\(found.output)")
        #expect(
            !found.output.contains("0.0.0.0") && line("mail", found.output).contains("SMTP_URL is not set"),
            "\(found.output)")
        #expect(try await hub.stop() == [0, 0])
    }

    @Test func `doctor reports waiting events with their age`() async throws {
        let hub = try await HubUnderTest.inManyProcesses(["user"])
        try hub.program(of: "user").interrupt()
        _ = try await hub.program(of: "user").exitCode()
        let database = Database(
            url: hub.databaseURL, loops: TestLoops.shared, configuration: .init(applicationName: "a report"))
        for (seconds, id) in [(75.0, "evt_1"), (5.0, "evt_2")] {
            try await database.execute(
                """
                insert into "user".outbox (created_at, topic, key, event_id, headers, value)
                values (clock_timestamp() - make_interval(secs => \(seconds)), 'user.registered', 'k', \(id), '', '')
                """)
        }
        let late = line("outbox", try await hub.command(["doctor"]).output)
        let connections = line("connections", try await hub.command(["doctor"]).output)
        #expect(connections.contains("of them by others"), "\(connections)")
        #expect(late.hasPrefix("✘") && late.contains("2 events of user wait to be sent, the oldest for 7"), "\(late)")
        try await database.execute("delete from \"user\".outbox where event_id = 'evt_1'")
        let early = line("outbox", try await hub.command(["doctor"]).output)
        #expect(early.hasPrefix("✔") && early.contains("1 event is waiting"), "\(early)")

        try await database.execute(
            """
            insert into "user".outbox_dead (id, created_at, refused_at, reason, topic, key, event_id, headers, value)
            values (7, now(), now(), 'unknown topic', 'user.registered', 'k', 'evt_3', '', '')
            """)
        let refused = line("outbox", try await hub.command(["doctor"]).output)
        #expect(
            refused.hasPrefix("✘") && refused.contains("the log refused 1 event of user — `learning-hub outbox list`"),
            "\(refused)")
        let listed = try await hub.command(["outbox", "list"])
        #expect(
            listed.code == 0 && listed.output.contains("evt_3") && listed.output.contains("unknown topic"), "\(listed)")
        #expect(try await hub.command(["outbox", "resend", "usr"]).code == 2)
        let resent = try await hub.command(["outbox", "resend", "user"])
        #expect(resent.code == 0 && resent.output.contains("1 event waits to be sent"), "\(resent)")
        #expect(try await hub.command(["outbox", "list"]).output.contains("the log has refused no event"))
        let waiting = try await database.query("select from \"user\".outbox where event_id = 'evt_3'")
        #expect(waiting.count == 1)
        await database.close()
        #expect(try await hub.stop() == [0])
    }

    @Test func `an unreadable data folder of another user differs from no hub`() async throws {
        let hub = try await HubUnderTest.inOneProcess()
        let process = Process(), output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", try Program.executable().path, "doctor",
            "--data",
            hub.dataFolder,
        ]
        process.environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""]
        process.currentDirectoryURL = URL(filePath: "/")
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(
            process.terminationStatus == 1 && text.contains("hub.json cannot be read: Permission denied"), "\(text)")
        #expect(!text.contains("no hub runs on"), "\(text)")
        #expect(try await hub.stop() == [0])
    }

    /// The first line of `doctor`.
    @Test func `only a process that runs is said to run`() async throws {
        let hub = try await HubUnderTest.inManyProcesses(
            ["gateway", "user", "notification"], ["HUB_RATE_LIMITS": "default"])
        func settings() async throws -> String { line("configuration", try await hub.command(["doctor"]).output) }
        func end(_ service: String) async throws {
            try hub.program(of: service).kill()
            _ = try await hub.program(of: service).exitCode()
        }
        let sound = "the settings of"
        #expect(try await settings().hasSuffix("\(sound) the 3 running processes are valid"))
        try await end("user")
        #expect(try await settings().hasSuffix("\(sound) the 2 running processes are valid"))
        // A process that hangs has not ended, and is heard of no more.
        try hub.program(of: "notification").freeze()
        #expect(try await settings().hasSuffix("\(sound) the 2 running processes are valid"))
        try hub.program(of: "notification").thaw()
        try await end("notification")
        #expect(try await settings().contains("\(sound) the running process "))
        try await end("gateway")
        #expect(try await settings().hasSuffix("\(sound) the 3 last processes, which have all ended, are valid"))
        hub.finish()
    }
}
