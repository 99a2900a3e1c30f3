#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The limits of sending mail.
struct MailLimits: Sendable {
    /// Mails handed over at the same time by one process.
    var concurrencyMax = 8
    /// How long handing over one mail may take.
    var timeout: Duration = .seconds(20)
    /// How much longer than ``timeout`` an attempt may take: time to write down what came of it.
    var writingTime: Duration = .seconds(10)
    /// The longest wait before a mail that was put off is tried for the second time; it doubles with each attempt. Servers that put
    /// off strangers ("greylisting") want minutes.
    var retryDelayBase: Duration = .seconds(5)
    var retryDelayMax: Duration = .seconds(15 * 60)
    /// A mail that was put off for so long has failed.
    var retryAgeMax: Duration = .seconds(24 * 3_600)
    /// The longest pause before a server that is down, or refuses us, is tried again: some shut out who knocks too often.
    var serverPauseMax: Duration = .seconds(30)
}

/// How long things are kept.
struct KeepingLimits: Sendable {
    /// The list shows a year.
    var noticeDays = 365
    /// Longer than the registration of a person can be on its way: its topic keeps it for 7 days.
    var waitingDays = 14
    /// Longer than the event that asked for the mail can come again: 7 days in its topic, 30 in the dead letters.
    var deliveryDays = 38
    /// Mails in the development mailbox; the oldest go first.
    var mailboxCountMax = 20_000
    /// Rows that go at a time.
    var stepCountMax = 1_000

    func noticesSince(_ time: Date) -> Date { time.addingTimeInterval(-Self.day * Double(noticeDays)) }
    func waitingSince(_ time: Date) -> Date { time.addingTimeInterval(-Self.day * Double(waitingDays)) }
    func deliveriesSince(_ time: Date) -> Date { time.addingTimeInterval(-Self.day * Double(deliveryDays)) }

    private static let day: TimeInterval = 86_400
}
