import Foundation
import HTTP
import HubTesting
import Postgres
import SystemTesting
import Testing

/// Messages for invalid input: a sentence that names the cause, and exit code 1.
@Suite struct MessageTests {
    @Test(arguments: [
        (
            ["demo", "--url", "http://127.0.0.1:9"],
            "http://127.0.0.1:9 cannot be reached. Start the hub with `learning-hub up`"
        ),
        (
            ["demo", "--url", "nonsense"],
            "`nonsense` is not the address of a hub; an address looks like http://127.0.0.1:3000"
        ),
        (
            ["demo", "--url", "https://127.0.0.1:9"],
            "this command does not support TLS; use the gateway's own address"
        ),
    ])
    func `an unreachable or invalid address of a hub is reported`(arguments: [String], message: String) async throws {
        let run = try await Run(arguments)
        #expect(run.code == 1 && (run.output + run.errors).contains(message), "\(run.output)\(run.errors)")
    }

    @Test func `an unreachable Kafka is reported with the setting to correct`() async throws {
        let run = try await Run(
            ["up", "--data", "hub", "--port", "0"], ["KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:\(try FreePort.any())"])
        #expect(run.code == 1 && run.errors.contains("the event log cannot be used: "), "\(run.errors)")
        #expect(run.errors.contains("Start the brokers, or correct KAFKA_BOOTSTRAP_SERVERS."), "\(run.errors)")
    }

    @Test func `an address of another machine is reported`() async throws {
        let run = try await Run(["up", "--data", "hub", "--port", "0", "--host", "300.1.1.1"])
        #expect(run.code == 1 && run.errors.contains("service cannot listen on 300.1.1.1, port 0: "), "\(run.errors)")
        // Before the first service starts.
        #expect(!run.output.contains("ready on port"), "\(run.output)")
    }

    @Test(arguments: [("HUB_LOOPS", "many"), ("HUB_LOG_LEVEL", "loud"), ("DATABASE_URL", "nonsense")])
    func `up creates nothing when a setting is invalid`(name: String, value: String) async throws {
        let run = try await Run(["up", "--data", "hub", "--port", "0"], [name: value])
        #expect(run.code == 1 && run.errors.contains("\(name) has an invalid value. Expected:"), "\(run.errors)")
        #expect(run.created.isEmpty, "\(run.created)")
    }

    @Test func `up creates nothing when a port is in use`() async throws {
        let server = HTTPServer(configuration: HTTPServerConfiguration(), loops: TestLoops.shared, router: Router())
        let port = try await server.start()
        let run = try await Run(["up", "--data", "hub", "--port", "\(port)"])
        #expect(run.code == 1 && run.errors.contains("port \(port) for the gateway service is in use"), "\(run.errors)")
        #expect(run.created.isEmpty, "\(run.created)")
        await server.drain(within: .zero)
    }

    @Test(arguments: [
        (
            ["groups", "describe", "gamificaton"], 1,
            "the hub has no group gamificaton. Did you mean `gamification`? Its groups: a"
        ),
        (
            ["serve", "notfication"], 2,
            "there is no service `notfication`. Did you mean `notification`? The services: "
        ),
        (["tasks", "list", "--service", "media2"], 2, "there is no service `media2`. Did you mean `media`?"),
        (
            ["up", "--data", "/etc/passwd", "--port", "0"], 1,
            "/etc/passwd cannot be created: it is not a folder. Choose"
        ),
    ])
    func `a wrong name is reported with what was probably meant`(
        arguments: [String], code: Int32, message: String
    ) async throws {
        let run = try await Run(arguments, ["DATABASE_URL": "postgres://nobody@127.0.0.1:1/x"])
        #expect(run.code == code && run.errors.contains(message), "\(run.errors)")
    }

    @Test func `admin create refuses an unsuitable address before it asks for a password`() async throws {
        let hub = try await HubUnderTest.inManyProcesses(["user"])
        #expect(
            try await hub.command(["admin", "create", "--email", "nonsense"]).errors.contains("was not created: email"))
        #expect(try await hub.stop() == [0])
    }

    @Test func `an invalid administrator password is reported with the name of its setting`() async throws {
        let run = try await Run(
            ["up", "--data", "hub", "--port", "0"],
            ["HUB_ADMIN_EMAIL": "root@example.org", "HUB_ADMIN_PASSWORD": "short"])
        #expect(run.code == 1 && run.errors.contains("HUB_ADMIN_PASSWORD must have"), "\(run.errors)")
    }

    @Test func `a group, a partition and an offset that do not exist are refused`() async throws {
        let database = try await TestDatabase.make()
        let environment = ["DATABASE_URL": database.url]
        #expect(try await Run(["topics", "apply"], environment).code == 0)
        for arguments in [["list"], ["redrive"], ["discard"]] {
            let run = try await Run(["dlq"] + arguments + ["--group", "nope"], environment)
            #expect(run.code == 1 && run.errors.contains("the hub has no group nope"), "\(run.errors)")
        }
        #expect(try await Run(["dlq", "list", "--group", "gamification"], environment).code == 0)
        let replay = ["replay", "gamification", "--topic", "user.registered", "--from-offset"]
        for (place, message) in [
            ("99@1", "has no partition 99"), ("0@999", "ends before offset 999"), ("999", "ends before"),
        ] {
            let run = try await Run(replay + [place], environment)
            #expect(run.code == 1 && run.errors.contains(message), "\(run.errors)")
        }
        let backwards = try await Run(
            [
                "replay", "gamification", "--from-time", "2026-11-29T00:00:00Z", "--until-time",
                "2026-01-31T00:00:00Z",
            ], environment)
        #expect(backwards.code == 2 && backwards.errors.contains("--until-time is not after --from-time"))
        for place in ["-5", "0@-5", "0@0,0@0", "0@"] {
            #expect(try await Run(replay + [place], environment).code == 2, "\(place)")
        }
        let whole = try await Run(replay + ["0@0"], environment)
        // Before anything is handled: whoever interrupts it can go on with it.
        #expect(whole.code == 0 && whole.errors.contains("continue it with --id"), "\(whole.errors)")
        let schemas = try await Run(["schemas", "check"], environment)
        #expect(!schemas.output.contains(" 1 versions"), "\(schemas.output)")
    }

    @Test func `commands that need a hub change no database without one`() async throws {
        let database = try await TestDatabase.make()
        let environment = ["DATABASE_URL": database.url]
        for arguments in [
            ["replay", "gamification", "--from-beginning"], ["admin", "create", "--email", "a@example.org"],
            ["groups", "list"],
        ] {
            let run = try await Run(arguments, environment)
            #expect(run.code == 1 && run.errors.contains("this database contains no hub yet"), "\(run.errors)")
            #expect(!run.errors.contains("this is replay"), "\(run.errors)")
        }
        let schemas = try await database.database.query(
            "select count(*) from pg_namespace where nspname in ('hub', 'user')"
        ).first
        let count: Int? = try schemas?.decode(Int.self)
        #expect(count == 0)
        try await database.drop()
    }

    @Test func `a command for a service that never ran, or for what it does not have, names both`() async throws {
        let environment = ["DATABASE_URL": try await TestDatabase.make().url]
        #expect(try await Run(["topics", "apply"], environment).code == 0)
        for (arguments, message) in [
            (["replay", "nope", "--from-beginning"], "the hub has no group nope. Its groups: "),
            (
                ["dlq", "discard", "gamification/0/999"],
                "there is no dead letter gamification/0/999. `learning-hub dlq list`"
            ),
            (["trace", "nonsense"], "the hub has no records of nonsense. Use the X-Correlation-Id"),
            (
                ["admin", "create", "--email", "a@example.org"],
                "standard input contains no password. Run the command on a terminal"
            ),
            (
                ["groups", "reset", "gamification", "--topic", "payment.failed", "--to", "end"],
                "the gamification service has never run with this database"
            ),
        ] {
            let run = try await Run(arguments, environment)
            #expect(run.code == 1 && run.errors.contains(message), "\(arguments): \(run.errors)")
        }
    }

    @Test func `an unusable database of DATABASE_URL is reported with what to correct`() async throws {
        let url = "postgres://nobody@127.0.0.1:\(try FreePort.any())/x"
        let run = try await Run(["groups", "list"], ["DATABASE_URL": url])
        #expect(
            run.code == 1 && run.errors.contains("Connection refused. Start its server, correct DATABASE_URL"),
            "\(run.errors)")
        #expect(!run.errors.contains("postgres connection"), "\(run.errors)")
    }

    @Test func `a data folder that cannot be created is reported with the reason`() async throws {
        let run = try await Run(["up", "--data", "/proc/hub"])
        #expect(
            run.code == 1 && run.errors.contains("/proc/hub cannot be created: No such file or directory. Choose"),
            "\(run.errors)")
    }

    @Test func `invalid settings are marked in their list`() async throws {
        let run = try await Run(["config"], ["HUB_DRAIN_TIME": "10", "HUB_LOOPS": "2"])
        #expect(
            run.output.contains("✘ HUB_DRAIN_TIME has an invalid value. Expected: a duration such as 500ms"),
            "\(run.output)")
        #expect(!run.output.contains("✘ HUB_LOOPS"))
        let json = try await Run(["config", "--json"], ["HUB_DRAIN_TIME": "10"]).output.split(separator: "\n")
        let invalid = json.filter { $0.contains(#""valid":false"#) }
        #expect(invalid.count == 1 && invalid[0].contains("HUB_DRAIN_TIME"), "\(invalid)")
        #expect(try await Run(["config", "--json", "--markdown"]).code == 2)
    }

    @Test func `the Markdown table of the settings has their sources`() async throws {
        let run = try await Run(["config", "--markdown"], ["HUB_LOOPS": "3"])
        let line = run.output.split(separator: "\n").first { $0.hasPrefix("| `HUB_LOOPS`") }
        #expect(line?.contains("| environment |") == true, "\(run.output)")
    }

    @Test(arguments: [
        ("\"$0\" config > /dev/full", 1, "standard output cannot be written, results are missing: No space left"),
        ("\"$0\" config | head -1", 0, ""),
        ("\"$0\" topics describe \"$(printf 'user.\\377')\"", 2, "argument 3 is not UTF-8 text"),
        ("printf 'HUB_LOOPS=\\377' > .env && \"$0\" config", 1, ".env in this folder is not UTF-8 text"),
        ("mkdir .env && \"$0\" config > out", 0, ""),
        ("\"$0\" trace $(printf '%0300d' 0)", 2, "an id has at most 256 bytes, not 300"),
        (
            // Neither log lines nor results get into the files that are opened next.
            """
            "$0" up --data hub --port 0 >&- 2>&- & hub=$!
            until [ -e hub/hub.json ] || ! kill -0 $hub; do sleep 0.2; done
            for number in 1 2; do [ "$(readlink /proc/$hub/fd/$number)" = /dev/null ] || exit 3; done
            kill -TERM $hub; wait $hub
            """, 0, ""
        ),
        ("\"$0\" admin create --email a@example.org --data . <&-", 1, "no hub runs on"),
    ])
    func `what the shell does to input and output is noticed`(script: String, code: Int32, message: String)
        async throws
    {
        let folder = try WorkFolder("message"), output = Pipe(), process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-o", "pipefail", "-c", script, try Program.executable().path]
        process.environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""]
        process.currentDirectoryURL = folder.url
        process.standardOutput = FileHandle.nullDevice
        process.standardError = output
        try process.run()
        let errors = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == code, "\(script): \(errors)")
        #expect(message.isEmpty ? errors.isEmpty : errors.contains(message), "\(script): \(errors)")
        folder.finish()
    }
}

/// A complete run of the program in a new folder.
private struct Run {
    let code: Int32
    let output: String
    let errors: String
    /// What the program created in its folder.
    let created: [String]

    init(_ arguments: [String], _ environment: [String: String] = [:]) async throws {
        let folder = try WorkFolder("message")
        let program = try Program(arguments, environment, log: folder.file("log"))
        code = try await program.exitCode()
        output = program.output
        errors = program.logText
        created = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).filter { !$0.hasPrefix("log") }
        folder.finish()
    }
}
