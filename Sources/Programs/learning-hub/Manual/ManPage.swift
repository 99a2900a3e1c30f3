/// The manual page in roff, generated from the commands' descriptions.
enum ManPage {
    static func text(of program: Command, version: String) -> String {
        var lines = [
            ".TH \(program.name.uppercased()) 1 \"\" \"\(escaped("\(program.name) \(version)"))\"",
            ".SH NAME", escaped("\(program.name) - \(program.summary)"),
            ".SH SYNOPSIS", ".B \(escaped(program.name))", ".I COMMAND", escaped("[--help] …"),
            ".SH COMMANDS",
        ]
        for (path, command) in program.leaves() { lines += section(program, path, command) }
        lines += [
            ".SH EXIT STATUS", ".TP", ".B 0", "Done.", ".TP", ".B 1",
            "The command failed. A message gives the cause and what to do.", ".TP", ".B 2",
            "The command line is not valid.",
        ]
        return lines.joined(separator: "\n")
    }

    private static func section(_ program: Command, _ path: [String], _ command: Command) -> [String] {
        var lines = [
            ".SS \(escaped(([program.name] + path + Help.parts(of: command)).joined(separator: " ")))",
            escaped(command.summary),
        ]
        for argument in command.arguments {
            lines += [".TP", ".I \(escaped(argument.usage))", escaped(argument.summary)]
        }
        for option in command.options {
            lines += [".TP", ".B \(escaped(option.usage))", escaped(Help.meaning(of: option))]
        }
        if let notes = command.notes { lines += [".PP"] + paragraphs(notes) }
        if !command.examples.isEmpty {
            lines += [".PP", ".nf"] + command.examples.map { escaped("    \(program.name) \($0)") } + [".fi"]
        }
        return lines
    }

    private static func paragraphs(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? ".PP" : escaped(String($0)) }
    }

    /// Escapes roff requests and escapes; a dash is written so that it can be copied.
    private static func escaped(_ text: String) -> String {
        let marks = text.replacing("\\", with: "\\e").replacing("-", with: "\\-").unicodeScalars.map { scalar in
            scalar.isASCII ? String(scalar) : "\\[u\(String(scalar.value, radix: 16, uppercase: true))]"
        }.joined()
        return marks.hasPrefix(".") || marks.hasPrefix("'") ? "\\&" + marks : marks
    }
}
