import Contracts
import Messaging
import Postgres

extension Reckoning {
    /// What registrations have led to.
    /// - Parameter accounts: those that people were told of.
    /// - Returns: how many welcome mails and ledger rows there are.
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
