#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Where the programs of a PostgreSQL server are.
struct ServerPrograms {
    let folder: String
    let majorVersion: Int

    var initdb: String { folder + "/initdb" }
    var postgres: String { folder + "/postgres" }

    /// The newest that is installed, or the one that can read data of `majorVersion`.
    static func find(majorVersion: Int?) throws(PostgresError) -> ServerPrograms {
        let found = candidates().compactMap(inspect).sorted { $0.majorVersion > $1.majorVersion }
        guard let newest = found.first else {
            throw PostgresError(
                .startup,
                "no PostgreSQL server is installed (initdb and postgres were looked for in PATH and /usr/lib/postgresql); "
                    + "install it, on Debian with: apt-get install postgresql")
        }
        guard let majorVersion else { return newest }
        if let fitting = found.first(where: { $0.majorVersion == majorVersion }) { return fitting }
        throw PostgresError(
            .startup,
            "the data was written by PostgreSQL \(majorVersion), installed is \(newest.majorVersion): "
                + "install \(majorVersion), or upgrade the data with pg_upgrade")
    }

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
        // Its version is in the path where several can be installed side by side.
        let digits = folder.split(separator: "/").dropLast().last?.split(whereSeparator: { !$0.isNumber }).last
        if let digits, let version = Int(digits) { return ServerPrograms(folder: folder, majorVersion: version) }
        guard let output = try? Subprocess.output([folder + "/postgres", "-V"]),
            let number = output.split(whereSeparator: { !$0.isNumber }).first, let version = Int(number)
        else { return nil }
        return ServerPrograms(folder: folder, majorVersion: version)
    }
}
