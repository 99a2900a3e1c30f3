public import Mail
public import Platform

/// The service's settings; read once, at start.
struct NotificationConfig: Sendable {
    static let smtpURL = Setting<SMTPURL>(
        "SMTP_URL", secret: true,
        "The mail server, `smtp://user:password@host:port` or `smtps://…`. If unset, mail goes to the development mailbox."
    )
    static let mailFrom = Setting<String>(
        "HUB_MAIL_FROM", default: "Learning Hub <no-reply@learning-hub.example>",
        "The sender of mail, `Name <address>` or an address.")
    static let language = Setting<Language>(
        "HUB_LANGUAGE", default: .english, "The language of users without a known one: en or de.")
    static let concurrency = Setting<Int>(
        "HUB_MAIL_CONCURRENCY", default: 8, "How many mails one process sends at the same time.")
    static let timeout = Setting<Duration>(
        "HUB_MAIL_TIMEOUT", default: .seconds(20), "The time limit for sending one mail.")

    static let declarations = [
        smtpURL.declaration, mailFrom.declaration, language.declaration, concurrency.declaration, timeout.declaration,
    ]

    /// nil: no mail server; the development mailbox is used.
    var smtp: SMTPURL?
    var from: Mailbox
    var language: Language
    var mail = MailLimits()

    init(_ settings: Settings) throws {
        smtp = try settings.optional(Self.smtpURL)
        guard let mailbox = Mailbox(try settings.value(Self.mailFrom)) else {
            throw SettingsError.invalid(name: Self.mailFrom.name, expected: "an address or `Name <address>`")
        }
        from = mailbox
        language = try settings.value(Self.language)
        mail.concurrencyMax = max(1, try settings.value(Self.concurrency))
        mail.timeout = try settings.value(Self.timeout)
    }
}

extension Language: SettingValue {}

extension SMTPURL: SettingValue {
    public static var settingType: String { "smtp://[user:password@]host[:port]" }
    public init?(settingText: String) { try? self.init(settingText) }
    public var settingText: String { description }
    public static func harmless(_ settingText: String) -> String? { (try? SMTPURL(settingText))?.description }
}
