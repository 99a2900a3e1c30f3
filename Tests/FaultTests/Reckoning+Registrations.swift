import Contracts
import Messaging
import Postgres

extension Reckoning {
    /// The effects of registrations.
    /// - Parameter accounts: accounts that clients got a 201 for.
    /// - Returns: the number of welcome mails and ledger rows.
    mutating func check(accounts: Set<String>, in books: Books) async throws -> (mails: Int, ledgerRows: Int) {
        let awards = try await books.texts("select source_event_id from gamification.points_award")
        compare("inbox and ledger", handled(.userRegistered, by: .gamification), Set(awards))
        let deliveries = try await books.texts("select event_id from notification.delivery")
        compare("mails asked for and deliveries", inTopics[Topic.notificationEmail.name] ?? [], Set(deliveries))

        compare("answers and accounts", accounts, Set(try await books.texts(#"select id from "user".account"#)))
        let learners = try await books.texts("select user_id from gamification.points_award where rule = 'sign-up'")
        compareOnce("accounts and ledger rows", accounts, learners)
        let readers = try await books.texts(
            "select user_id from notification.mailbox where subject like 'Welcome%'")
        compareOnce("accounts and welcome mails", accounts, readers)
        return (readers.count, learners.count)
    }
}
