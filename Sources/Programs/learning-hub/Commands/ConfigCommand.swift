internal import Avro
internal import Platform

/// `config`: lists all settings.
enum ConfigCommand {
    private static let markdown = Option("markdown", "Print a Markdown table, without the values.")

    static let command = Command(
        "config", "List all settings with name, type, default, secrecy, value and source of the value.",
        options: [markdown, .json], examples: ["config", "config --markdown > settings.md"],
        notes: """
            Values of secrets are not shown. Variables that look like settings but are unknown are listed at the end (not with --json \
            or --markdown).
            """
    ) { arguments, console in
        if arguments.has(.json), arguments.has(markdown) { throw arguments.misuse("use either --json or --markdown") }
        let settings = try HubSettings.read()
        let declarations = HubServices.settings
        if arguments.has(.json) {
            for declaration in declarations { console.json(json(declaration, settings)) }
        } else if arguments.has(markdown) {
            console.line("| setting | type | default | secret | source | meaning |\n|---|---|---|---|---|---|")
            for setting in declarations {
                let standard = setting.defaultText.map { "`\($0)`" } ?? "unset"
                console.line(
                    "| `\(setting.name)` | \(setting.type) | \(standard) | \(setting.isSecret ? "yes" : "no") "
                        + "| \(settings.source(of: setting).rawValue) | \(setting.summary) |"
                )
            }
        } else {
            for setting in declarations { console.line(text(setting, settings, width: Console.width)) }
            for name in settings.unknownNames(among: declarations) {
                console.line("\(name)  is set but unknown; is it misspelt?")
            }
        }
    }

    /// Name and value, then meaning and type, within the terminal's width.
    private static func text(_ setting: SettingDeclaration, _ settings: Settings, width: Int) -> String {
        let value = settings.shown(setting).map { " = \($0)" } ?? " is unset"
        let source = settings.source(of: setting)
        let takes = "(\(setting.isSecret ? "secret; " : "")\(setting.type))"
        let head = setting.name + value + (source == .standard ? "" : "  (\(source.rawValue))")
        let complaint = settings.complaint(about: setting).map { ["✘ \($0)"] } ?? []
        let lines =
            Columns.wrapped(head, width: width, indent: 4, first: 0)
            + complaint.flatMap { Columns.wrapped($0, width: width, indent: 4) }
            + Columns.wrapped("\(setting.summary) \(takes)", width: width, indent: 4)
        return lines.joined(separator: "\n")
    }

    private static func json(_ setting: SettingDeclaration, _ settings: Settings) -> JSONTree {
        .object([
            .init("name", .string(setting.name)), .init("type", .string(setting.type)),
            .init("default", .text(setting.defaultText)), .init("secret", .bool(setting.isSecret)),
            .init("value", .text(settings.shown(setting))),
            .init("valid", .bool(settings.complaint(about: setting) == nil)),
            .init("source", .string(settings.source(of: setting).rawValue)), .init("summary", .string(setting.summary)),
        ])
    }
}
