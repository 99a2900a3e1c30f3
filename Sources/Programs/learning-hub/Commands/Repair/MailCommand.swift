internal import Avro
internal import Contracts
internal import Notification
internal import Platform
internal import Postgres

/// `mail`: the state of mails.
enum MailCommand {
    static let command = Command(
        "mail", "List mails, and send failed mails again.", members: [list, resend])

    private static let state = Option(
        "state", "STATE", "Only mails in this state: waiting, sending, sent, failed or dropped.")
    private static let limit = Option("limit", "N", default: "100", "The maximum number of mails.")
    private static let showAddresses = Option(
        "show-addresses",
        "Show full addresses instead of `a…@example.org`. The address of a mail is kept only until the mail is sent.")
    private static let allFailed = Option("all-failed", "All failed mails.")
    private static let yes = Option(
        "yes",
        "With --all-failed: make the change. Without it, --all-failed only shows how many would be sent. Named mails need no --yes."
    )
    private static let exampleID = "evt_01m84jzyhyesasb01ed59g6feh"

    private static let list = Command(
        "list", "List mails, newest first.", options: [state, limit, showAddresses, .data, .json],
        examples: ["mail list --state failed", "mail list --limit 20 --json"]
    ) { arguments, console in
        let wanted = try arguments.text(state).map { try deliveryState($0, arguments) }
        let countMax = try arguments.number(limit, in: 1...10_000) ?? 100
        let mails = try await with(arguments) { try await $0.list(wanted, countMax: countMax + 1) }
        let page = mails.prefix(countMax).map { MailView($0, showsAddress: arguments.has(showAddresses)) }
        if arguments.has(.json) {
            for mail in page { console.json(mail.json) }
        } else if page.isEmpty {
            console.line("there are no such mails")
        } else {
            console.table(["id", "state", "mail", "to", "attempts", "asked for", "last answer"], page.map(\.row))
        }
        if mails.count > countMax { console.complaint("only the newest \(countMax) are shown; there are more") }
    }

    private static let resend = Command(
        "resend", "Send failed mails again, with the same Message-ID.",
        arguments: [Argument("ID", .any, "Ids of failed mails from `mail list`: evt_….")],
        options: [allFailed, yes, .data, .json],
        examples: [
            "mail resend \(exampleID)", "mail resend --all-failed",
            "mail resend --all-failed --yes",
        ],
        notes: """
            Repair the cause first. The mail waits until a notification service with an SMTP_URL sends it. If it fails again, it can \
            be sent again. Mails of deleted accounts no longer exist. Ends with exit code 1 if not all mails will be sent again, and \
            after --all-failed without --yes, if mails have failed.
            """
    ) { arguments, console in
        let ids = try arguments.positional.map { try mailID($0, arguments) }
        if ids.isEmpty != arguments.has(allFailed) {
            throw arguments.misuse("name mails, or use --all-failed")
        }
        let resent = try await with(arguments) { mails in
            if !ids.isEmpty { return try await mails.resend(ids) }
            guard arguments.has(yes) else {
                let count = try await mails.count(lateSince: OpenHub.now).failed
                if count == 0 { return try await mails.resendAllFailed() }
                let mails = count == 1 ? "1 mail has" : "\(count) mails have"
                throw CommandFailure("\(mails) failed and would be sent again. Add --yes to send them.")
            }
            return try await mails.resendAllFailed()
        }
        tell(resent, console, asJSON: arguments.has(.json))
        if !resent.skipped.isEmpty { throw CommandFailure("not all mails will be sent again") }
    }

    private static func tell(_ resent: Mails.Resent, _ console: Console, asJSON: Bool) {
        if asJSON {
            let skipped = resent.skipped.map { skipped in
                JSONTree.object([
                    .init("id", .string(skipped.id.rawValue)), .init("state", .text(skipped.state?.rawValue)),
                ])
            }
            console.json(
                .object([
                    .init("done", .array(resent.done.map { .string($0.rawValue) })), .init("skipped", .array(skipped)),
                ]))
            return
        }
        console.line("\(resent.done.count) \(resent.done.count == 1 ? "mail waits" : "mails wait") to be sent again")
        for skipped in resent.skipped { console.line("\(skipped.id) \(said(of: skipped.state))") }
    }

    private static func said(of state: DeliveryState?) -> String {
        switch state {
        case nil: "is not a mail of this hub"
        case .waiting, .sending: "is already waiting or being sent"
        case .sent: "was already sent"
        case .failed: "is being changed by another process; try again"
        case .dropped: "is for a person who has deleted their account"
        }
    }

    private static func with<Result: Sendable>(
        _ arguments: Arguments, _ body: (Mails) async throws -> Result
    ) async throws -> Result {
        try await OpenHub.with(arguments) { hub in
            guard let result = try await hub.mails(body) else {
                throw CommandFailure("this hub has sent no mail yet: the notification service has never run")
            }
            return result
        }
    }

    private static func deliveryState(_ text: String, _ arguments: Arguments) throws -> DeliveryState {
        if let state = DeliveryState(rawValue: text) { return state }
        let names = DeliveryState.allCases.map(\.rawValue).joined(separator: ", ")
        throw arguments.misuse("`\(text)` is not a state of a mail; the states are \(names)")
    }

    private static func mailID(_ text: String, _ arguments: Arguments) throws -> EventID {
        guard let id = EventID(rawValue: text) else {
            throw arguments.misuse("`\(text)` is not the id of a mail; an id looks like \(exampleID)")
        }
        return id
    }
}

/// A mail as it is listed.
private struct MailView {
    let mail: Mail
    let address: String?

    init(_ mail: Mail, showsAddress: Bool) {
        self.mail = mail
        address = showsAddress ? mail.address : mail.maskedAddress
    }

    var row: [String] {
        [
            mail.id.rawValue, mail.state.rawValue, mail.kind, address ?? "-", "\(mail.attempts)", mail.createdAt.shown,
            mail.reason ?? "-",
        ]
    }

    var json: JSONTree {
        .object([
            .init("id", .string(mail.id.rawValue)), .init("state", .string(mail.state.rawValue)),
            .init("mail", .string(mail.kind)), .init("userId", .string(mail.userID.rawValue)),
            .init("to", .text(address)),
            .init("attempts", .number(mail.attempts)), .init("smtpCode", mail.code.map { .number($0) } ?? .null),
            .init("reason", .text(mail.reason)), .init("correlationId", .string(mail.correlationID)),
            .init("createdAt", .time(mail.createdAt)), .init("dueAt", .time(mail.dueAt)),
            .init("finishedAt", .time(mail.finishedAt)),
        ])
    }
}

extension HubStore {
    /// Calls `body` with the mails of the hub; nil when there is no delivery table.
    func mails<Result: Sendable>(_ body: (Mails) async throws -> Result) async throws -> Result? {
        let table = "\(NotificationService.name).delivery"
        let isThere = try await database.query("select to_regclass(\(table)) is not null").first
        guard let isThere, try isThere.decode(Bool.self) else { return nil }
        let own = self.database(of: NotificationService.name)
        do {
            let result = try await body(Mails(database: own) { OpenHub.now })
            await own.close()
            return result
        } catch {
            await own.close()
            throw error
        }
    }
}
