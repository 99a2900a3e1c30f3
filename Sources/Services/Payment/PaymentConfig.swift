internal import Contracts
public import Platform

/// The operator's settings of payments.
public struct PaymentConfig: Sendable {
    public static let secretKeySetting = Setting<String>(
        "STRIPE_SECRET_KEY", secret: true, "Stripe's secret key. If unset, the hub's own sandbox accepts test cards.")
    static let apiBaseSetting = Setting<String>(
        "STRIPE_API_BASE", default: "https://api.stripe.com", "Where Stripe's API is.")
    static let webhookSecretSetting = Setting<String>(
        "STRIPE_WEBHOOK_SECRET", secret: true,
        "The signing secret of webhooks, `whsec_…`. With a Stripe key but without this, webhooks are refused.")
    static let monthPriceSetting = Setting<PlanPrice>(
        "HUB_PRO_MONTH_PRICE", default: PlanPrice(known: "19.00 USD"), "The monthly price of the plan PRO.")
    static let yearPriceSetting = Setting<PlanPrice>(
        "HUB_PRO_YEAR_PRICE", default: PlanPrice(known: "190.00 USD"), "The yearly price of the plan PRO.")

    static let declarations = [
        secretKeySetting.declaration, apiBaseSetting.declaration, webhookSecretSetting.declaration,
        monthPriceSetting.declaration, yearPriceSetting.declaration,
    ]

    /// nil: the sandbox.
    let secretKey: String?
    let apiBase: String
    let webhookSecret: String?
    let offers: [PlanOffer]

    init(_ settings: Settings) throws(SettingsError) {
        secretKey = try settings.optional(Self.secretKeySetting)
        apiBase = try settings.value(Self.apiBaseSetting)
        webhookSecret = try settings.optional(Self.webhookSecretSetting)
        offers = [
            PlanOffer(plan: .pro, interval: .month, price: try settings.value(Self.monthPriceSetting).money),
            PlanOffer(plan: .pro, interval: .year, price: try settings.value(Self.yearPriceSetting).money),
        ]
    }
}

/// An amount with its currency, `19.00 USD`.
struct PlanPrice: SettingValue {
    static let settingType = "an amount and its currency, such as 19.00 USD"
    let money: Money
    var settingText: String { money.description }

    init?(settingText: String) {
        let words = settingText.split(separator: " ")
        guard words.count == 2, let currency = Currency(rawValue: String(words[1])),
            let money = Money(String(words[0]), currency), money.hundredths > 0
        else { return nil }
        self.money = money
    }

    fileprivate init(known text: String) {
        guard let price = PlanPrice(settingText: text) else { preconditionFailure("\(text) is not a price") }
        self = price
    }
}
