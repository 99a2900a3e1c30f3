import Foundation

/// Writes the Swift types of the event contracts and records new versions of their schemas.
@main
struct AvroGenerate {
    static let help = """
        usage: avro-generate [CONTRACTS OUTPUT] [--check]

        Checks every schema of the folder CONTRACTS (contracts) against all its earlier versions, records the changed ones
        in CONTRACTS/history, and writes the Swift types to the folder OUTPUT (Sources/Backbone/Contracts/Generated).
        With --check it writes nothing, and ends with exit code 1 if it would change a file.

        example: avro-generate contracts Sources/Backbone/Contracts/Generated
        """

    static func main() {
        var folders = Array(CommandLine.arguments.dropFirst())
        if folders.contains("--help") { return Swift.print(help) }
        let isCheck = folders.contains("--check")
        folders.removeAll { $0 == "--check" }
        if folders.isEmpty { folders = ["contracts", "Sources/Backbone/Contracts/Generated"] }
        guard folders.count == 2, !folders.contains(where: { $0.hasPrefix("-") }) else { return fail([help]) }
        do {
            let run = try GenerationRun(contracts: folders[0], output: folders[1])
            let problems = isCheck ? try run.stale() : try run.write { Swift.print($0) }
            if !problems.isEmpty { fail(problems) }
        } catch {
            fail(["\(error)"])
        }
    }

    private static func fail(_ lines: [String]) {
        FileHandle.standardError.write(Data((lines.joined(separator: "\n") + "\n").utf8))
        exit(1)
    }
}
