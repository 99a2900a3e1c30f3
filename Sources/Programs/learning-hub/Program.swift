internal import Commit
internal import Messaging
internal import Platform

/// The program: its commands, and how it reports errors.
enum Program {
    static let name = "learning-hub"
    static let version = ProgramVersion.text

    static let commands: Command = Command(
        name, "Learning Hub: an e-learning platform of services that communicate through events.",
        members: [
            UpCommand.command, ServeCommand.command, DemoCommand.command, DoctorCommand.command, ConfigCommand.command,
            TopicsCommand.command, GroupsCommand.command, SchemasCommand.command,
            DeadLettersCommand.command, OutboxCommand.command, MailCommand.command, TasksCommand.command,
            ReplayCommand.command,
            TraceCommand.command,
            AdminCommand.command, BenchCommand.command, CompletionsCommand.command, ManCommand.command,
        ])

    static func versionText(commit: String?) -> String {
        "\(name) \(version) (\(commit.map { "commit \($0)" } ?? "commit unknown"))"
    }

    /// - Parameter words: the words after the program's name.
    /// - Returns: the exit code.
    static func run(_ words: [String], _ console: Console) async -> Int32 {
        switch words.first {
        case nil:
            console.line(Help.text(of: Call(command: commands, path: [name], words: [])))
            return 0
        case "--version", "version":
            console.line(versionText(commit: Commit.name))
            return 0
        case "help":
            return await run(words.count == 1 ? [] : Array(words.dropFirst()) + ["--help"], console)
        default: break
        }
        do {
            let call = try commands.resolve(words[...], path: [])
            let arguments = try Arguments(call)
            guard !arguments.has(.help), let body = call.command.body else {
                console.line(Help.text(of: call))
                return 0
            }
            try await body(arguments, console)
            guard let failure = Console.outputFailure else { return 0 }
            console.complaint("standard output cannot be written, results are missing: \(failure)")
            return 1
        } catch let error as UsageError {
            console.complaint(error.message.hasSuffix("?") ? error.message : "\(error.message).")
            console.complaint("see `\((error.path + ["--help"]).joined(separator: " "))`")
            return 2
        } catch EventLogError.unavailable(let reason) {
            console.complaint(
                "the event log cannot be used: \(reason). Start the brokers, or correct \(KafkaSettings.bootstrapServers.name)."
            )
            return 1
        } catch {
            console.complaint("\(error)")
            return 1
        }
    }
}
