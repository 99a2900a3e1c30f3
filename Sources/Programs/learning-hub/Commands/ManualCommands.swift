/// `man`: the manual page.
enum ManCommand {
    static let command: Command = Command(
        "man", "Print the manual page in the format of `man`.", examples: ["man > learning-hub.1"],
        notes: "`man ./learning-hub.1` shows the page. `man` finds it by name in a folder `man1` of MANPATH."
    ) { _, console in
        console.line(ManPage.text(of: Program.commands, version: Program.version))
    }
}

/// `completions SHELL`: prints a shell's completion script.
enum CompletionsCommand {
    private static let names = Shell.allCases.map(\.rawValue)

    static let command: Command = Command(
        "completions", "Print a script that completes this program's commands and options in a shell.",
        arguments: [Argument("SHELL", names.joined(separator: ", ") + ".", choices: names)],
        examples: ["completions bash > ~/.local/share/bash-completion/completions/learning-hub"],
        notes: """
            For the shell that is open: `source <(learning-hub completions bash)`, the same with zsh, \
            `learning-hub completions fish | source`.
            """
    ) { arguments, console in
        guard let shell = Shell(rawValue: arguments.positional[0]) else {
            throw arguments.misuse(
                "`\(arguments.positional[0])` is not supported; choose one of \(names.joined(separator: ", "))")
        }
        console.line(Completions(program: Program.commands).script(for: shell))
    }
}
