/// One setting: an environment variable with a type, a default and a description.
///
/// Each service declares its own as constants and reads them once, at start, into its configuration struct.
public struct Setting<Value: SettingValue>: Sendable {
    public let name: String
    /// nil: the setting is optional and unset by default.
    public let defaultValue: Value?
    public let isSecret: Bool
    public let summary: String

    public init(_ name: String, default defaultValue: Value? = nil, secret: Bool = false, _ summary: String) {
        self.name = name
        self.defaultValue = defaultValue
        self.isSecret = secret
        self.summary = summary
    }

    public var declaration: SettingDeclaration {
        SettingDeclaration(
            name: name, type: Value.settingType, form: Value.settingForm, defaultText: defaultValue?.settingText,
            isSecret: isSecret,
            summary: summary, accepts: { Value(settingText: $0) != nil }, harmless: Value.harmless)
    }
}

/// A setting without its type, for `learning-hub config` and `doctor`.
public struct SettingDeclaration: Sendable {
    public let name: String
    public let type: String
    /// What a valid value looks like.
    let form: String
    public let defaultText: String?
    public let isSecret: Bool
    public let summary: String
    let accepts: @Sendable (String) -> Bool
    /// The public part of a secret; nil if none.
    let harmless: @Sendable (String) -> String?
}

/// A type that an environment variable can hold.
public protocol SettingValue: Sendable {
    /// The type's name for people: `number`, `text`.
    static var settingType: String { get }
    /// What a valid value looks like, if the type's name does not say it.
    static var settingForm: String { get }
    /// nil for invalid text.
    init?(settingText: String)
    var settingText: String { get }
    /// The part of a secret's text that may be shown: an address without its password. nil: nothing.
    static func harmless(_ settingText: String) -> String?
}

extension SettingValue {
    public static var settingForm: String { settingType }
    public static func harmless(_ settingText: String) -> String? { nil }
}

extension String: SettingValue {
    public static var settingType: String { "text" }
    public init?(settingText: String) { self = settingText }
    public var settingText: String { self }
}

extension Int: SettingValue {
    public static var settingType: String { "number" }
    public init?(settingText: String) { self.init(settingText) }
    public var settingText: String { String(self) }
}

extension Bool: SettingValue {
    public static var settingType: String { "true or false" }
    public init?(settingText: String) {
        switch settingText.lowercased() {
        case "true", "yes", "on", "1": self = true
        case "false", "no", "off", "0": self = false
        default: return nil
        }
    }
    public var settingText: String { self ? "true" : "false" }
}

/// Written as a number and a unit: `500ms`, `15s`, `10m`, `24h`, `30d`.
extension Duration: SettingValue {
    public static var settingType: String { "duration" }
    public static var settingForm: String { "a duration such as 500ms, 10s, 5m, 24h or 30d" }

    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    public init?(settingText: String) {
        guard let unit = Self.units.first(where: { settingText.hasSuffix($0.suffix) }),
            let count = Int64(settingText.dropLast(unit.suffix.count)), count >= 0
        else { return nil }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
        if overflow { return nil }
        self = .milliseconds(milliseconds)
    }

    public var settingText: String {
        let (seconds, attoseconds) = components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        let unit = Self.units.last { milliseconds % $0.milliseconds == 0 } ?? ("ms", 1)
        return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
    }
}

/// A choice: an enum of texts.
extension SettingValue where Self: RawRepresentable<String> & CaseIterable {
    public static var settingType: String { allCases.map(\.rawValue).joined(separator: " or ") }
    public init?(settingText: String) { self.init(rawValue: settingText) }
    public var settingText: String { rawValue }
}
