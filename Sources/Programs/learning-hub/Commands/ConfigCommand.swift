internal import Avro
internal import Platform

/// `config`: every setting there is.
enum ConfigCommand {
    private static let markdown = Option("markdown", "Print a Markdown table.")

    static let command = Command(
        "config", "List every setting: name, type, default, secret or not, and where its value comes from.",
        options: [markdown, .json], examples: ["config", "config --markdown > settings.md"],
        notes: "Values of secrets are never shown. Settings of unknown name are listed at the end."
    ) { arguments, console in
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
            console.table(
                ["setting", "value", "source", "type", "meaning"],
                declarations.map { setting in
                    [
                        setting.name, settings.shown(setting) ?? "unset", settings.source(of: setting).rawValue,
                        setting.type,
                        (setting.isSecret ? "(secret) " : "") + setting.summary,
                    ]
                })
            for name in settings.unknownNames(among: declarations) { console.line("\(name)  is set but unknown") }
        }
    }

    private static func json(_ setting: SettingDeclaration, _ settings: Settings) -> JSONTree {
        .object([
            .init("name", .string(setting.name)), .init("type", .string(setting.type)),
            .init("default", .text(setting.defaultText)), .init("secret", .bool(setting.isSecret)),
            .init("value", .text(settings.shown(setting))),
            .init("source", .string(settings.source(of: setting).rawValue)), .init("summary", .string(setting.summary)),
        ])
    }
}
