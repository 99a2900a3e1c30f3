public import Contracts

/// The settings of a process: the command line overrides the environment, which overrides the `.env` file.
public struct Settings: Sendable {
    public enum Source: String, Sendable {
        case commandLine = "command line"
        case environment, file = ".env file"
        case hub = "the running hub"
        case standard = "default"
    }

    private var layers: [(source: Source, values: [String: String])]

    /// - Parameters:
    ///   - commandLine: values from flags, by setting name.
    ///   - file: the text of the `.env` file, nil when there is none.
    public init(
        commandLine: [String: String] = [:], environment: [String: String] = [:], file: String? = nil
    ) throws(SettingsError) {
        var layers = [(Source.commandLine, commandLine), (.environment, environment)]
        if let file { layers.append((.file, try EnvironmentFile.parse(file))) }
        self.layers = layers
    }

    /// The value, or nil when an optional setting is unset. An empty text counts as unset.
    /// - Throws: ``SettingsError/invalid(name:expected:)`` for invalid text.
    public func optional<Value>(_ setting: Setting<Value>) throws(SettingsError) -> Value? {
        guard let (text, _) = text(setting.name) else { return setting.defaultValue }
        guard let value = Value(settingText: text) else {
            throw .invalid(name: setting.name, expected: Value.settingForm)
        }
        return value
    }

    /// - Throws: ``SettingsError/missing(names:)`` when the setting has no default and is unset.
    public func value<Value>(_ setting: Setting<Value>) throws(SettingsError) -> Value {
        guard let value = try optional(setting) else { throw .missing(names: [setting.name]) }
        return value
    }

    /// The base URL at which this process calls a service.
    public func url(of service: ServiceName) throws(SettingsError) -> String {
        if let url = try optional(PlatformSettings.url(of: service)) { return url }
        return ServiceDirectory.url(host: "127.0.0.1", port: try value(PlatformSettings.port(of: service)))
    }

    /// - Throws: ``SettingsError/missing(names:)`` with all of `declarations` that have no value.
    public func require(_ declarations: [SettingDeclaration]) throws(SettingsError) {
        let unset = declarations.filter { shown($0) == nil }
        if !unset.isEmpty { throw .missing(names: unset.map(\.name)) }
    }

    public func source(of declaration: SettingDeclaration) -> Source { text(declaration.name)?.source ?? .standard }

    /// The effective text for display: the default if unset, the harmless part or dots for a secret, nil without a value.
    public func shown(_ declaration: SettingDeclaration) -> String? {
        guard let (text, _) = text(declaration.name) else { return declaration.defaultText }
        return declaration.isSecret ? declaration.harmless(text) ?? "••••••" : text
    }

    /// The values that are set, as ``shown(_:)``. Unknown names that look like settings of the hub have an empty value.
    public func given(among declarations: [SettingDeclaration]) -> [String: String] {
        var given = Dictionary(unknownNames(among: declarations).map { ($0, "") }) { $1 }
        for declaration in declarations where source(of: declaration) != .standard {
            given[declaration.name] = shown(declaration)
        }
        return given
    }

    /// Adds a running hub process's values for `names` that are not set here.
    public func completed(by process: Settings, _ names: [String]) -> Settings {
        var all = self
        let values = names.compactMap { name in process.text(name).map { (name, $0.text) } }
        all.layers.append((.hub, Dictionary(values) { $1 }))
        return all
    }

    /// The error of the effective value; nil if valid.
    public func complaint(about declaration: SettingDeclaration) -> SettingsError? {
        guard let (text, _) = text(declaration.name), !declaration.accepts(text) else { return nil }
        return .invalid(name: declaration.name, expected: declaration.form)
    }

    /// The unknown names that begin with `HUB_`: most likely misspelt.
    public func unknownNames(among declarations: [SettingDeclaration]) -> [String] {
        let known = Set(declarations.map(\.name))
        return Set(layers.flatMap(\.values.keys)).filter { $0.hasPrefix("HUB_") && !known.contains($0) }.sorted()
    }

    private func text(_ name: String) -> (text: String, source: Source)? {
        for layer in layers {
            if let text = layer.values[name], !text.isEmpty { return (text, layer.source) }
        }
        return nil
    }
}

/// An invalid setting. The description says what to do and never shows the value, which may be a secret.
public enum SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    case missing(names: [String])
    case invalid(name: String, expected: String)
    case badLine(number: Int)

    public var description: String {
        switch self {
        case .missing(let names):
            names.count == 1
                ? "\(names[0]) is not set and has no default. Set it in the environment or in .env."
                : "\(names.joined(separator: " and ")) are not set and have no default. Set them in the environment or in .env."
        case .invalid(let name, let expected): "\(name) has an invalid value. Expected: \(expected)."
        case .badLine(let number): "line \(number) of .env is not of the form NAME=value."
        }
    }
}

/// The form of a `.env` file: `NAME=value` lines, `#` comments, also after a value and a space; values optionally in single or double
/// quotes.
enum EnvironmentFile {
    static func parse(_ text: String) throws(SettingsError) -> [String: String] {
        var values: [String: String] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            var line = line.trimmed()
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("export ") { line = line.dropFirst("export ".count).trimmed() }
            guard let equals = line.firstIndex(of: "=") else { throw .badLine(number: index + 1) }
            let name = line[..<equals].trimmed()
            guard !name.isEmpty else { throw .badLine(number: index + 1) }
            values[String(name)] = value(line[line.index(after: equals)...])
        }
        return values
    }

    /// - Parameter text: all after `=`.
    private static func value(_ text: Substring) -> String {
        let value = text.trimmed()
        for quote in ["\"", "'"] as [Character] where value.first == quote {
            let inner = value.dropFirst()
            if let end = inner.firstIndex(of: quote) {
                let rest = inner[inner.index(after: end)...].trimmed()
                if rest.isEmpty || rest.hasPrefix("#") { return String(inner[..<end]) }
            }
            if inner.last == quote { return String(inner.dropLast()) }
        }
        return String(text.firstRange(of: " #").map { text[..<$0.lowerBound].trimmed() } ?? value)
    }
}

extension StringProtocol where SubSequence == Substring {
    func trimmed() -> Substring {
        let isBlank = { (character: Character) in character == " " || character == "\t" || character == "\r" }
        let head = drop(while: isBlank)
        let end = head.lastIndex { !isBlank($0) }
        return end.map { head[...$0] } ?? Substring()
    }
}
