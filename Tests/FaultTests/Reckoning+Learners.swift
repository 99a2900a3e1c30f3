import Contracts
import Messaging
import Postgres

extension Reckoning {
    /// The effects of learners who have all bought and completed the course: each effect once, and all that they got a 2xx for.
    /// - Parameter course: the course they bought.
    mutating func check(_ learners: [Learner], in course: String, _ books: Books) async throws {
        let ids = Set(learners.map(\.id)), told = learners.map(\.whatTheyWereTold)
        let payments = Set(told.compactMap(\.payment)), enrollments = Set(told.compactMap(\.enrollment))

        compareOnce(
            "payments told and intents paid", payments,
            try await books.texts(
                """
                select body -> 'metadata' ->> 'paymentId' from sandbox.object
                where kind = 'payment_intent' and body ->> 'status' = 'succeeded'
                    and coalesce((body ->> 'amountRefunded')::bigint, 0) = 0
                """))
        compareOnce(
            "payments told and enrolled", payments,
            try await books.texts(
                "select id from payment.payment where status = 'COMPLETED' and enrolled_at is not null"))
        compareOnce(
            "payments told and enrolments", payments,
            try await books.texts(
                "select payment_id from enrollment.enrollment where state in ('ACTIVE', 'COMPLETED')"))
        compareOnce(
            "learners and enrolments", ids,
            try await books.texts("select user_id from enrollment.enrollment where state = 'COMPLETED'"))
        compareOnce(
            "enrolments told and progress", enrollments,
            try await books.texts("select enrollment_id from enrollment.lesson_progress where percent = 100"))
        compareOnce(
            "enrolments told and access", enrollments,
            try await books.texts("select enrollment_id from content.access where not is_revoked"))
        compareOnce(
            "enrolments told and reviews allowed", enrollments,
            try await books.texts("select enrollment_id from review.enrollment where completed_at is not null"))
        compareOnce(
            "quizzes told and handed in", Set(told.compactMap(\.submission)),
            try await books.texts("select id from assessment.submission where is_passed"))
        compareOnce(
            "certificates told and issued", Set(told.compactMap(\.certificate)),
            try await books.texts("select id from certificate.certificate where issued_at is not null"))
        compareOnce(
            "enrolments told and certificates", enrollments,
            try await books.texts("select enrollment_id from certificate.certificate"))
        try await checkTold(ids, books)
    }

    /// The points and mails of a learner for one course, once each.
    private mutating func checkTold(_ learners: Set<String>, _ books: Books) async throws {
        for rule in ["sign-up", "enrollment", "progress-100", "completion", "quiz-passed", "quiz-perfect"] {
            compareOnce(
                "learners and points for \(rule)", learners,
                try await books.texts(
                    """
                    select user_id from gamification.points_award
                    where rule = \(rule) and user_id = any(\(Array(learners)))
                    """))
        }
        compare(
            "ledger and balances", [],
            Set(
                try await books.texts(
                    """
                    select user_id from gamification.learner l where points <>
                        (select coalesce(sum(points), 0) from gamification.points_award a where a.user_id = l.user_id)
                    """)))
        for subject in ["Receipt", "You are enrolled", "Your quiz was graded", "You have completed"] {
            compareOnce(
                "learners and mails '\(subject)'", learners,
                try await books.texts("select user_id from notification.mailbox where subject like \(subject + "%")"))
        }
    }
}
