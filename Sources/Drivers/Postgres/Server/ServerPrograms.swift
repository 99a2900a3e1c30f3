internal import Subprocess

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The installed programs of a PostgreSQL server.
struct ServerPrograms {
    let folder: String
    let majorVersion: Int

    private var initdb: String { folder + "/initdb" }
    private var postgres: String { folder + "/postgres" }

    /// The newest installed version, or the version that can read the data of `majorVersion`.
    static func find(majorVersion: Int?) throws(PostgresError) -> ServerPrograms {
        let found = candidates().compactMap(inspect).sorted { $0.majorVersion > $1.majorVersion }
        guard let newest = found.first else {
            throw PostgresError(
                .startup,
                "no PostgreSQL server is installed (looked for initdb and postgres in PATH and /usr/lib/postgresql); "
                    + "install it, on Debian with: apt-get install postgresql")
        }
        guard let majorVersion else { return newest }
        if let fitting = found.first(where: { $0.majorVersion == majorVersion }) { return fitting }
        throw PostgresError(
            .startup,
            "the data was written by PostgreSQL \(majorVersion), the installed version is \(newest.majorVersion): "
                + "install \(majorVersion), or upgrade the data with pg_upgrade")
    }

    /// Runs initdb.
    func initialise(_ arguments: [String], as user: String?) throws(PostgresError) {
        var program = Subprocess(initdb, arguments, limits: .init(timeMax: .seconds(120)))
        program.environment = Self.environment
        program.user = user
        let outcome: Subprocess.Outcome
        do {
            outcome = try program.runBlocking()
        } catch {
            throw PostgresError(.startup, "initdb could not run: \(error)")
        }
        if outcome.status != 0 { throw PostgresError(.startup, "initdb failed: \(outcome.errors)") }
    }

    /// Starts the server.
    func serve(_ arguments: [String], in folder: ServerFolder) throws(PostgresError) -> DetachedProcess {
        do {
            return try .start(postgres, arguments, environment: Self.environment, as: folder.user, log: folder.log)
        } catch {
            throw PostgresError(.startup, "cannot start the server: \(error)")
        }
    }

    /// The environment variables the program needs. Others are not passed: they may be secrets, which other users could read from the
    /// process.
    private static let environment = ProcessInfo.processInfo.environment
        .filter { passedOn.contains($0.key) || $0.key.hasPrefix("LC_") }

    private static let passedOn: Set = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"]

    private static func candidates() -> [String] {
        var folders: [String] = []
        for parent in ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr"] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
            for name in names
            where parent == "/usr/lib/postgresql" || name.hasPrefix("postgresql@") || name.hasPrefix("pgsql-") {
                folders.append("\(parent)/\(name)/bin")
            }
        }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return folders + path.split(separator: ":").map(String.init)
    }

    private static func inspect(_ folder: String) -> ServerPrograms? {
        let files = FileManager.default
        guard files.isExecutableFile(atPath: folder + "/initdb"), files.isExecutableFile(atPath: folder + "/postgres")
        else { return nil }
        // Where several versions can be installed side by side, the path contains the version.
        let digits = folder.split(separator: "/").dropLast().last?.split(whereSeparator: { !$0.isNumber }).last
        if let digits, let version = Int(digits) { return ServerPrograms(folder: folder, majorVersion: version) }
        let asked = Subprocess(folder + "/postgres", ["-V"], limits: .init(timeMax: .seconds(10)))
        guard let answer = try? asked.runBlocking(), answer.status == 0,
            let number = String(decoding: answer.output, as: UTF8.self).split(whereSeparator: { !$0.isNumber }).first,
            let version = Int(number)
        else { return nil }
        return ServerPrograms(folder: folder, majorVersion: version)
    }
}
