internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The operator's settings of this service. Read once, at start.
struct AuthConfig: Sendable {
    /// The lifetime of access tokens: the maximum delay until a role change or log-out takes effect.
    static let accessTokenLifetimeSetting = Setting<Duration>(
        "HUB_ACCESS_TOKEN_LIFETIME", default: .seconds(15 * 60), "The lifetime of access tokens.")

    /// How long a session lasts without a refresh.
    static let refreshTokenLifetimeSetting = Setting<Duration>(
        "HUB_REFRESH_TOKEN_LIFETIME", default: .seconds(30 * 86_400), "How long a session lasts without a refresh.")

    /// How long a key signs before the next one replaces it.
    static let signingKeyAgeSetting = Setting<Duration>(
        "HUB_SIGNING_KEY_AGE", default: .seconds(30 * 86_400), "How long a key signs access tokens, at least 2h.")

    /// Failed log-ins of one account from one address or device before further ones are delayed.
    static let placeFailures = Setting<Int>(
        "HUB_LOGIN_PLACE_FAILURES", default: 10, "Failed log-ins of an account at one address or device, at least 2.")

    /// Failed log-ins of one account before log-ins are accepted only from known devices and places without failures.
    static let accountFailures = Setting<Int>(
        "HUB_LOGIN_ACCOUNT_FAILURES", default: 50, "Failed log-ins of an account from anywhere, at least 2.")

    /// Failed log-ins from one address, in addition to two per account that logs in there (a school may share one address).
    static let addressFailures = Setting<Int>(
        "HUB_LOGIN_ADDRESS_FAILURES", default: 120, "Failed log-ins from an address where few succeed, at least 2.")

    static let declarations = [
        accessTokenLifetimeSetting.declaration, refreshTokenLifetimeSetting.declaration,
        signingKeyAgeSetting.declaration, placeFailures.declaration, accountFailures.declaration,
        addressFailures.declaration,
    ]

    /// In seconds, like all that follow.
    let accessTokenLifetime: TimeInterval
    let refreshTokenLifetime: TimeInterval
    let keys: KeySchedule
    let attempts: AttemptLimits

    init(_ settings: Settings) throws(SettingsError) {
        accessTokenLifetime = try settings.value(Self.accessTokenLifetimeSetting) / .seconds(1)
        refreshTokenLifetime = try settings.value(Self.refreshTokenLifetimeSetting) / .seconds(1)
        let age = try settings.value(Self.signingKeyAgeSetting) / .seconds(1)
        guard age >= 2 * KeySchedule.leadSeconds else {
            throw .invalid(name: Self.signingKeyAgeSetting.name, expected: "a duration of at least 2h")
        }
        keys = KeySchedule(age: age, tokenLifetime: accessTokenLifetime)
        attempts = AttemptLimits(
            place: Double(max(2, try settings.value(Self.placeFailures))),
            account: Double(max(2, try settings.value(Self.accountFailures))),
            address: Double(max(2, try settings.value(Self.addressFailures))))
    }
}
