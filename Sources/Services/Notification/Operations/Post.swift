internal import Contracts
internal import Mail
internal import Messaging
internal import Platform
internal import Postgres

extension Operations {
    /// Takes on a mail that an event asks for: into the development mailbox, or as a task of the sender.
    ///
    /// - Throws: a permanent failure for a template nobody has; a dependency that is down while the mail server is, so that mails
    ///   wait in the log, where the lag shows, and not here.
    func post(_ mail: NotificationEmail, asked event: EventID, on tx: Transaction) throws {
        guard let kind = NoticeKind(rawValue: mail.template) else {
            throw Failure.permanent("there is no such mail template")
        }
        let delivery = Delivery(
            eventID: event, userID: mail.userID, to: mail.to, subject: mail.subject, kind: kind,
            facts: Facts(mail.parameters), attempt: 0, createdAt: now())
        guard let sender else {
            let letter = Letter(kind, delivery.facts)
            journal.note(.mail, kind.rawValue, eventID: event, on: tx)
            return try store.insertIntoMailbox(
                delivery, letter, messageID: messageID(of: event).description, journey: .current, on: tx)
        }
        if sender.isServerPaused { throw Failure.dependencyDown("the mail server takes no mail") }
        try store.insertDelivery(delivery, journey: .current, on: tx)
        try tasks.enqueue(DeliverMail(eventID: event), key: event.rawValue, on: tx)
    }

    /// Delivers a push message. Without a push service that is the stream of the application, which shows the entry in the list: the
    /// entry says since when.
    func deliver(_ push: NotificationPush, on tx: Transaction) {
        store.updatePushed(push.notificationID, of: push.userID, at: now(), on: tx)
    }

    /// What came into the development mailbox, the newest first.
    /// - Throws: ``NotificationError/noMailbox``.
    func mailbox(to address: String?, _ page: PageRequest<MailboxPlace>) async throws -> Page<MailboxItem> {
        if sender != nil { throw NotificationError.noMailbox }
        let found = try await store.listMailbox(
            to: address, before: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.place)
    }

    /// A mail in the development mailbox, and the message that a server would have been given.
    /// - Throws: ``NotificationError/noMailbox``, ``NotificationError/unknownMail``.
    func mail(at place: MailboxPlace) async throws -> (mail: MailboxItem, source: String) {
        if sender != nil { throw NotificationError.noMailbox }
        guard let mail = try await store.findInMailbox(place, on: database), let address = EmailAddress(mail.to),
            let messageID = MessageID(mail.messageID)
        else { throw NotificationError.unknownMail }
        let message = try MailMessage(
            from: from, to: Mailbox(address: address), subject: mail.subject, text: mail.text, html: mail.html,
            messageID: messageID, date: mail.receivedAt)
        return (mail, String(decoding: message.mimeBytes(), as: UTF8.self))
    }
}
