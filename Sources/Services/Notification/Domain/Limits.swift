#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The limits of sending mail.
struct MailLimits: Sendable {
    /// The maximum number of mails that one process sends at once.
    var concurrencyMax = 8
    /// The time limit for sending one mail.
    var timeout: Duration = .seconds(20)
    /// How much longer than ``timeout`` a claim is valid: time to store the result.
    var writingTime: Duration = .seconds(10)
    /// The maximum delay before the first retry of a deferred mail; it doubles with each attempt. Greylisting servers expect minutes.
    var retryDelayBase: Duration = .seconds(5)
    var retryDelayMax: Duration = .seconds(15 * 60)
    /// A mail deferred for this long has failed.
    var retryAgeMax: Duration = .seconds(24 * 3_600)
    /// The maximum pause before a server that is down or rejects us is tried again: some servers block clients that retry too often.
    var serverPauseMax: Duration = .seconds(30)
}

/// The retention periods.
struct KeepingLimits: Sendable {
    /// The list shows one year.
    var noticeDays = 365
    /// Longer than a registration event can be delayed: its topic keeps it for 7 days.
    var waitingDays = 14
    /// Longer than the requesting event can be redelivered: 7 days in its topic, 30 in the dead letters.
    var deliveryDays = 38
    /// The maximum number of mails in the development mailbox; the oldest are deleted first.
    var mailboxCountMax = 20_000
    /// The maximum number of rows deleted per step.
    var stepCountMax = 1_000

    func noticesSince(_ time: Date) -> Date { time.addingTimeInterval(-Self.day * Double(noticeDays)) }
    func waitingSince(_ time: Date) -> Date { time.addingTimeInterval(-Self.day * Double(waitingDays)) }
    func deliveriesSince(_ time: Date) -> Date { time.addingTimeInterval(-Self.day * Double(deliveryDays)) }

    private static let day: TimeInterval = 86_400
}
