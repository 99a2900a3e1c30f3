public import Mail
public import Platform

/// How the service is set up; read once, at start.
struct NotificationConfig: Sendable {
    static let smtpURL = Setting<SMTPURL>(
        "SMTP_URL", secret: true,
        "The mail server, `smtp://user:password@host:port` or `smtps://…`. Unset, mail goes to the development mailbox."
    )
    static let mailFrom = Setting<String>(
        "HUB_MAIL_FROM", default: "Learning Hub <no-reply@learning-hub.example>",
        "Who mail comes from, `Name <address>` or an address.")
    static let language = Setting<Language>(
        "HUB_LANGUAGE", default: .english, "The language of those whose own is not known: en or de.")
    static let concurrency = Setting<Int>(
        "HUB_MAIL_CONCURRENCY", default: 8, "Mails that one process hands to the mail server at the same time.")
    static let timeout = Setting<Duration>(
        "HUB_MAIL_TIMEOUT", default: .seconds(20), "How long handing over one mail may take.")

    static let declarations = [
        smtpURL.declaration, mailFrom.declaration, language.declaration, concurrency.declaration, timeout.declaration,
    ]

    /// Nil: no server, the development mailbox takes the mail.
    var smtp: SMTPURL?
    var from: Mailbox
    var language: Language
    var mail = MailLimits()

    init(_ settings: Settings) throws {
        smtp = try settings.optional(Self.smtpURL)
        guard let mailbox = Mailbox(try settings.value(Self.mailFrom)) else {
            throw SettingsError.invalid(name: Self.mailFrom.name, type: "an address or `Name <address>`")
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
