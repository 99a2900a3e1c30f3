internal import EventLoop
internal import Foundation
internal import Postgres
internal import Synchronization
internal import Testing

/// The PostgreSQL of this test process. It ends with the process, however that ends.
actor TestServer {
    static let shared = TestServer()

    private var starting: Task<Running, any Error>?
    private var templates: [TestDatabase.Template: Task<String, any Error>] = [:]
    private var nextNumber = 0

    struct Running: Sendable {
        let server: PrivatePostgres
        let folder: String
        /// For creating and dropping databases.
        let database: Database
        let watcher: Watcher
    }

    func running() async throws -> Running {
        let task = starting ?? Task { try await Self.start() }
        starting = task
        return try await task.value
    }

    private static func start() async throws -> Running {
        let folder = NSTemporaryDirectory() + "hub-test-\(String(UInt32.random(in: .min ... .max), radix: 36))"
        // Test data need no durability, so fsync is off.
        let server = try await PrivatePostgres.start(
            .init(
                folder: folder, connectionsMax: 500,
                settings: ["fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB"]))
        let database = Database(
            url: server.url(), loops: TestLoops.shared,
            configuration: .init(
                connectionsPerLoop: 2, pipelineDepthMax: 1, statementTimeout: .seconds(300),
                acquireTimeout: .seconds(300)))
        let watcher = try Watcher(server: server, folder: folder)
        return Running(server: server, folder: folder, database: database, watcher: watcher)
    }

    /// A new database like the template; each template is migrated once.
    func clone(_ template: TestDatabase.Template) async throws -> String {
        let running = try await running()
        let source = try await name(of: template, running)
        let name = makeName("test")
        try await running.database.execute("create database \(quoted: name) template \(quoted: source)")
        return name
    }

    private func name(of template: TestDatabase.Template, _ running: Running) async throws -> String {
        if template.parts.isEmpty { return "template0" }
        if let known = templates[template] { return try await known.value }
        let name = makeName("template")
        let task = Task {
            try await running.database.execute("create database \(quoted: name)")
            let database = Database(url: running.server.url(database: name), loops: TestLoops.shared)
            for part in template.parts { try await database.migrate(part.histories, schema: part.schema) }
            // A database with open connections cannot be a template.
            await database.close()
            try await running.database.execute("alter database \(quoted: name) allow_connections false")
            return name
        }
        templates[template] = task
        return try await task.value
    }

    private func makeName(_ kind: String) -> String {
        nextNumber += 1
        return "\(kind)_\(nextNumber)"
    }
}

/// Ends the server and removes its folder when this process has ended.
final class Watcher: Sendable {
    private let folder: String
    private let end: AfterProcess

    init(server: PrivatePostgres, folder: String) throws {
        self.folder = folder
        end = try AfterProcess(
            run: """
                kill -INT \(server.process)
                while kill -0 \(server.process) 2>/dev/null; do sleep 0.05; done
                [ -e '\(folder)/keep' ] || rm -rf '\(folder)'
                """)
        try writeOpener(server)
    }

    /// Keeps the folder when the process ends.
    func keep() { _ = FileManager.default.createFile(atPath: folder + "/keep", contents: nil) }

    /// A script that opens a kept database.
    private func writeOpener(_ server: PrivatePostgres) throws {
        let programs = try server.programsFolder()
        let asServer = getuid() == 0 ? "runuser -u postgres -- " : ""
        let options = "-c listen_addresses= -c unix_socket_directories=\(server.socketFolder)"
        let script = """
            #!/bin/sh
            # Opens a database that a failed test has left: open NAME
            cd /
            control="\(asServer)\(programs)/pg_ctl -D \(folder)/data -l /dev/null"
            $control status >/dev/null || $control -w -o '\(options)' start
            psql -h '\(server.socketFolder)' -U postgres "$1"
            echo "when you are done: $control stop && rm -r \(folder)"

            """
        try Data(script.utf8).write(to: URL(filePath: folder + "/open"))
        chmod(folder + "/open", 0o755)
    }
}
