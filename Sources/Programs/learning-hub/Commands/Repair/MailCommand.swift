internal import Avro
internal import Contracts
internal import Notification
internal import Platform
internal import Postgres

/// `mail`: the state of mails.
enum MailCommand {
    static let command = Command(
        "mail", "Mails: see what became of them, and send failed ones again.", members: [list, resend])

    private static let state = Option(
        "state", "STATE", "Only mails that are waiting, sending, sent, failed or dropped.")
    private static let limit = Option("limit", "N", default: "100", "How many at most.")
    private static let showAddresses = Option("show-addresses", "Show whole addresses, not `a…@example.org`.")
    private static let allFailed = Option("all-failed", "Every mail that has failed by now.")
    private static let exampleID = "evt_01m84jzyhyesasb01ed59g6feh"

    private static let list = Command(
        "list", "List mails, the newest first.", options: [state, limit, showAddresses, .data, .json],
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
        if mails.count > countMax { console.complaint("these are the newest \(countMax); there are more") }
    }

    private static let resend = Command(
        "resend", "Send failed mails again, under the Message-ID they had.",
        arguments: [Argument("ID", .any, "Failed mails, as `mail list` names them: evt_….")],
        options: [allFailed, .yes, .data, .json],
        examples: [
            "mail resend \(exampleID)", "mail resend --all-failed",
            "mail resend --all-failed --yes",
        ],
        notes: """
            Repair the cause first. A mail put back waits until a notification service with an SMTP_URL sends it; when it fails \
            again it can be sent again. Mails of people who have deleted their account are gone.
            """
    ) { arguments, console in
        let ids = try arguments.positional.map { try mailID($0, arguments) }
        if ids.isEmpty != arguments.has(allFailed) {
            throw arguments.misuse("name mails, or --all-failed for all that failed")
        }
        let resent = try await with(arguments) { mails in
            if !ids.isEmpty { return try await mails.resend(ids) }
            guard arguments.has(.yes) else {
                let count = try await mails.count(lateSince: OpenHub.now).failed
                if count == 0 { return try await mails.resendAllFailed() }
                let mails = count == 1 ? "1 mail has" : "\(count) mails have"
                throw CommandFailure("\(mails) failed and would be sent again. Add --yes to do it.")
            }
            return try await mails.resendAllFailed()
        }
        tell(resent, console, asJSON: arguments.has(.json))
        if !resent.skipped.isEmpty { throw CommandFailure("not all was done") }
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
        case nil: "is no mail of this hub"
        case .waiting, .sending: "is on its way as it is"
        case .sent: "was sent"
        case .failed: "is being changed by somebody else: try again"
        case .dropped: "is for somebody who has deleted their account"
        }
    }

    private static func with<Result: Sendable>(
        _ arguments: Arguments, _ body: (Mails) async throws -> Result
    ) async throws -> Result {
        try await OpenHub.with(arguments) { hub in
            guard let result = try await hub.mails(body) else {
                throw CommandFailure("this hub has sent no mail yet: no notification service has been here")
            }
            return result
        }
    }

    private static func deliveryState(_ text: String, _ arguments: Arguments) throws -> DeliveryState {
        if let state = DeliveryState(rawValue: text) { return state }
        let names = DeliveryState.allCases.map(\.rawValue).joined(separator: ", ")
        throw arguments.misuse("`\(text)` is no state of a mail; there are \(names)")
    }

    private static func mailID(_ text: String, _ arguments: Arguments) throws -> EventID {
        guard let id = EventID(rawValue: text) else {
            throw arguments.misuse("`\(text)` is no mail's id; they look like \(exampleID)")
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
