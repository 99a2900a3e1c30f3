import Foundation
import Testing

@testable import learning_hub

/// Completions and manual page, checked with the real shells and `man`.
@Suite struct ManualTests {
    private func completions(_ shell: Shell) -> String { Completions(program: Program.commands).script(for: shell) }

    /// The completions of the shell for the last word.
    private func offered(_ shell: Shell, _ words: [String]) throws -> Set<String> {
        let typed = words.map { "'\($0)'" }.joined(separator: " ")
        let asking =
            switch shell {
            case .bash:
                "\nCOMP_WORDS=(\(typed)); COMP_CWORD=\(words.count - 1); _learning_hub; printf '%s\\n' \"${COMPREPLY[@]}\""
            case .zsh:
                "\nwords=(\(typed)); CURRENT=\(words.count); _learning_hub"
            case .fish: "\ncomplete -C \"\(words.joined(separator: " "))\""
            }
        // Outside its line editor zsh offers none.
        let stubs =
            shell == .zsh ? "compdef() { }\n_files() { print folders }\n_describe() { print -l -- ${found%%:*} }\n" : ""
        let run = try Self.run("/usr/bin/env", [shell.rawValue, "-c", stubs + completions(shell) + asking])
        #expect(run.errors.isEmpty && run.code == 0, "\(run.errors)")
        let found = run.output.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
        // bash and fish filter by the typed prefix; zsh would do it later.
        return Set(found.filter { $0.hasPrefix(words.last ?? "") || shell != .zsh })
    }

    @Test(arguments: Shell.allCases)
    func `a shell completes commands, their members and options`(_ shell: Shell) throws {
        let shells = Shell.allCases.map(\.rawValue)
        #expect(try offered(shell, ["learning-hub", "do"]) == ["doctor"])
        #expect(try offered(shell, ["learning-hub", "topics", "t"]) == ["tail"])
        #expect(try offered(shell, ["learning-hub", "dlq", "redrive", "--w"]) == ["--wait"])
        #expect(try offered(shell, ["learning-hub", "serve", "user", "no"]) == ["notification"])
        #expect(try offered(shell, ["learning-hub", "completions", ""]).isSuperset(of: shells))
        #expect(try offered(shell, ["learning-hub", "groups", "reset", "g", "--to", "e"]) == [])
    }

    @Test func `every command is in the manual page, which man renders without warnings`() throws {
        let page = ManPage.text(of: Program.commands, version: Program.version)
        let run = try Self.run(
            "/usr/bin/env", ["groff", "-man", "-ww", "-Tutf8", "-P-cbou", "-rLL=200n", "-rHY=0"], input: page)
        #expect(run.code == 0 && run.errors.isEmpty, "\(run.errors)")
        let text = run.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for (path, command) in Program.commands.leaves() {
            #expect(text.contains("learning-hub \(path.joined(separator: " "))"), "\(path)")
            let summary = command.summary.split(separator: " ").joined(separator: " ")
            #expect(text.contains(summary), "\(path)")
            for option in command.options { #expect(text.contains(option.usage), "\(path) \(option.name)") }
        }
    }

    @Test func `the version contains the commit, or says that it is unknown`() async {
        #expect(Program.versionText(commit: "0123456789ab") == "learning-hub 0.1.0 (commit 0123456789ab)")
        #expect(Program.versionText(commit: nil) == "learning-hub 0.1.0 (commit unknown)")
    }

    private static func run(
        _ path: String, _ arguments: [String], input: String = ""
    ) throws -> (code: Int32, output: String, errors: String) {
        let process = Process(), output = Pipe(), errors = Pipe()
        let file = FileManager.default.temporaryDirectory.appending(path: "hub-manual-\(UUID())")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(input.utf8).write(to: file)
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardInput = try FileHandle(forReadingFrom: file)
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        let complaints = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: text, as: UTF8.self),
            String(decoding: complaints, as: UTF8.self)
        )
    }
}
