internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What an operator can set of this service. Read once, at start.
struct AuthConfig: Sendable {
    /// How long an access token is good for: the time until a new role or a log-out everywhere is felt.
    static let accessTokenLifetimeSetting = Setting<Duration>(
        "HUB_ACCESS_TOKEN_LIFETIME", default: .seconds(15 * 60), "How long an access token is good for.")

    /// How long a person stays logged in without coming back.
    static let refreshTokenLifetimeSetting = Setting<Duration>(
        "HUB_REFRESH_TOKEN_LIFETIME", default: .seconds(30 * 86_400), "How long a session lasts without a refresh.")

    /// How long a key signs before the next one takes over.
    static let signingKeyAgeSetting = Setting<Duration>(
        "HUB_SIGNING_KEY_AGE", default: .seconds(30 * 86_400), "How long a key signs access tokens, at least 2h.")

    /// Failed log-ins of one account before waiting begins.
    static let accountFailures = Setting<Int>(
        "HUB_LOGIN_ACCOUNT_FAILURES", default: 10, "Failed log-ins of one account before each more makes it wait.")

    /// Failed log-ins from one address before waiting begins; a school shares one.
    static let addressFailures = Setting<Int>(
        "HUB_LOGIN_ADDRESS_FAILURES", default: 100, "Failed log-ins from one address before each more makes it wait.")

    static let declarations = [
        accessTokenLifetimeSetting.declaration, refreshTokenLifetimeSetting.declaration,
        signingKeyAgeSetting.declaration, accountFailures.declaration, addressFailures.declaration,
    ]

    /// Seconds, like all that follow.
    let accessTokenLifetime: TimeInterval
    let refreshTokenLifetime: TimeInterval
    let keys: KeySchedule
    let perAccount: AttemptPolicy
    let perAddress: AttemptPolicy

    init(_ settings: Settings) throws(SettingsError) {
        accessTokenLifetime = try settings.value(Self.accessTokenLifetimeSetting) / .seconds(1)
        refreshTokenLifetime = try settings.value(Self.refreshTokenLifetimeSetting) / .seconds(1)
        let age = try settings.value(Self.signingKeyAgeSetting) / .seconds(1)
        guard age >= 2 * KeySchedule.leadSeconds else {
            throw .invalid(name: Self.signingKeyAgeSetting.name, type: "a duration of at least 2h")
        }
        keys = KeySchedule(age: age, tokenLifetime: accessTokenLifetime)
        perAccount = AttemptPolicy(freeCount: max(0, try settings.value(Self.accountFailures)))
        perAddress = AttemptPolicy(freeCount: max(0, try settings.value(Self.addressFailures)))
    }
}
