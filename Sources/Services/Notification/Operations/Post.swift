internal import Contracts
internal import Mail
internal import Messaging
internal import Platform
internal import Postgres

extension Operations {
    /// Accepts a mail requested by an event: stores it in the development mailbox, or as a task for the sender.
    ///
    /// - Throws: a permanent failure for an unknown template; `dependencyDown` while the mail server is down, so that mails wait in the
    ///   log, where the lag is visible.
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
        if sender.isServerPaused { throw Failure.dependencyDown("the mail server accepts no mail") }
        try store.insertDelivery(delivery, journey: .current, on: tx)
        try tasks.enqueue(DeliverMail(eventID: event), key: event.rawValue, on: tx)
    }

    /// Delivers a push message. Without a push service, the application's event stream shows the entry of the list; the entry stores the
    /// time of delivery.
    func deliver(_ push: NotificationPush, on tx: Transaction) {
        store.updatePushed(push.notificationID, of: push.userID, at: now(), on: tx)
    }

    /// The mails of the development mailbox, newest first.
    /// - Throws: ``NotificationError/noMailbox``.
    func mailbox(to address: String?, _ page: PageRequest<MailboxPlace>) async throws -> Page<MailboxItem> {
        if sender != nil { throw NotificationError.noMailbox }
        let found = try await store.listMailbox(
            to: address, before: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.place)
    }

    /// A mail in the development mailbox, and its SMTP form.
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
