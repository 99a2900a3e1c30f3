import Contracts
import Foundation
import HubTesting
@testable import Notification
import Postgres
import ServiceTesting
import Testing

/// What people are told of courses, payments and grades.
@Suite struct LearningTests {
    /// What an event comes to beside the entry in the list.
    struct Example: Sendable, CustomTestStringConvertible {
        let kind: NoticeKind
        let isMailed: Bool
        let isPushed: Bool
        let body: String
        let event: @Sendable (UserID, CourseID) throws -> any Event

        var testDescription: String { kind.rawValue }
    }

    private static let time = NotificationHub.time

    private static let examples = [
        Example(kind: .enrollment, isMailed: true, isPushed: false, body: "You are enrolled in “Swift”.") {
            EnrollmentCreated(
                enrollmentID: .make(at: time), userID: $0, courseID: $1, source: .purchase, enrolledAt: time)
        },
        Example(
            kind: .completion, isMailed: true, isPushed: true,
            body: "Congratulations! You have completed “Swift”. Your final score is 92.5 percent."
        ) { NotificationHub.completed($0, in: $1) },
        Example(
            kind: .receipt, isMailed: true, isPushed: false,
            body: "We have received your payment of 49.99 USD for “Swift”. Thank you!"
        ) { try NotificationHub.paid($0, for: $1) },
        Example(
            kind: .paymentFailed, isMailed: true, isPushed: false,
            body: "Your payment of 49.99 USD for “Swift” did not go through. Please choose another way to pay."
        ) {
            PaymentFailed(
                paymentID: .make(at: time), userID: $0, courseID: $1, amount: try NotificationHub.price(),
                code: "card_declined", message: "Your card was declined.", retryable: false, failedAt: time)
        },
        Example(
            kind: .paymentFailed, isMailed: true, isPushed: false,
            body: "We could not enrol you, so we have refunded your payment of 49.99 USD for “Swift”."
        ) {
            PaymentFailed(
                paymentID: .make(at: time), userID: $0, courseID: $1, amount: try NotificationHub.price(),
                code: "not-enrolled", message: "The amount was refunded.", retryable: true, failedAt: time)
        },
        Example(
            kind: .subscription, isMailed: true, isPushed: false,
            body: "You are subscribed to PRO for 9.90 EUR a month."
        ) { user, _ in
            SubscriptionCreated(
                subscriptionID: .make(at: time), userID: user, plan: "PRO", amount: try #require(Money("9.90", .eur)),
                interval: .month, currentPeriodEnd: time, createdAt: time)
        },
        Example(
            kind: .quizSubmitted, isMailed: false, isPushed: false,
            body: "We have your answers to the quiz in “Swift”, attempt 2."
        ) {
            QuizSubmitted(
                submissionID: .make(at: time), quizID: .make(at: time), courseID: $1, userID: $0, attempt: 2, score: 8,
                maxScore: 10, percent: 80, passed: true, submittedAt: time)
        },
        Example(
            kind: .grade, isMailed: true, isPushed: true,
            body: "Your assignment in “Swift” has 8 of 10 points, 80 percent."
        ) {
            AssignmentGraded(
                submissionID: .make(at: time), assignmentID: GradedWorkID(AssignmentID.make(at: time)),
                kind: .assignment, courseID: $1, userID: $0, score: 8, maxScore: 10, percent: 80, gradedBy: "auto",
                gradedAt: time)
        },
        Example(
            kind: .achievement, isMailed: true, isPushed: true,
            body: "The badge “Course completed” is yours for “Swift”. Congratulations!"
        ) {
            BadgeEarned(
                awardID: .make(at: time), userID: $0, badgeCode: "COURSE_COMPLETED", badgeName: "Course completed",
                courseID: $1, reason: "Completed a course", earnedAt: time)
        },
        Example(
            kind: .courseCreated, isMailed: false, isPushed: false,
            body: "“Swift” is a draft: nobody else sees it yet."
        ) { try NotificationHub.created($1, "Swift", by: $0) },
        Example(
            kind: .coursePublished, isMailed: true, isPushed: false,
            body: "“Swift” is in the catalogue: learners can enrol from now on."
        ) { try NotificationHub.published($1, "Swift", by: $0) },
    ]

    @Test(arguments: examples)
    func `one person gets one notification, by the channels of its kind, with the course title`(_ example: Example)
        async throws
    {
        try await NotificationHub.with { hub in
            let ada = UserID.new, course = CourseID.new
            try await hub.register(ada)
            let id = EventID.new
            try await hub.deliver(NotificationHub.created(course, "Swift", by: .new))
            let event = try example.event(ada, course)
            for _ in 1...2 { try await hub.deliver(event, id: id) }
            let items = try await hub.inbox(of: ada).items
            #expect(items.map(\.type) == [example.kind.rawValue, "welcome"])
            #expect(items.first?.body == example.body)
            let mails = try await hub.mails().dropFirst(), pushes = try await hub.pushes()
            #expect(mails.map(\.template) == (example.isMailed ? [example.kind.rawValue] : []))
            #expect(mails.allSatisfy { $0.causeEventID == id && $0.to == "ada@example.org" })
            #expect(pushes.map(\.body) == (example.isPushed ? [example.body] : []))
            #expect(pushes.allSatisfy { $0.causeEventID == id && $0.notificationID.rawValue == items.first?.id })
        }
    }

    @Test(arguments: examples)
    func `an unknown person is notified later, an erased one never`(_ example: Example) async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new, eve = UserID.new
            let told = try example.event(ada, .new), untold = try example.event(eve, .new)
            #expect(try await hub.deliver(together: [told, untold]) == 2)
            try await hub.delete(eve)
            try await hub.register(ada)
            while try await hub.operations.settleWaiting() > 0 {}
            #expect(
                try await hub.inbox(of: ada).items.map(\.type).sorted() == [example.kind.rawValue, "welcome"].sorted())
            #expect(try await hub.inbox(of: eve).items.isEmpty)
            #expect(try await hub.mails().allSatisfy { $0.userID == ada })
        }
    }

    /// Anybody can register with the address of a stranger.
    @Test func `a person gets at most twenty mails of a kind in a day, and the rest in the list`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new, count = Notice.mailsOfKindPerDayMax
            try await hub.register(ada)
            try await hub.deliver(together: (0..<count + 3).map { _ in NotificationHub.completed(ada) })
            for _ in 0..<count + 3 { try await hub.deliver(try NotificationHub.paid(ada, for: .new)) }
            let templates = try await hub.mails().map(\.template)
            #expect(templates.count { $0 == "completion" } == count)
            #expect(templates.count { $0 == "receipt" } == count + 3)
            #expect(try await hub.rowCount("notice") == 2 * (count + 3) + 1)
            hub.clock.advance(by: 86_401)
            try await hub.deliver(NotificationHub.completed(ada))
            #expect(try await hub.mails().count { $0.template == "completion" } == count + 1)
        }
    }

    @Test func `a flood of changed addresses warns twenty times at most`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.register(ada)
            for turn in 1...Notice.mailsOfKindPerDayMax + 2 {
                try await hub.update(
                    ada, email: "\(turn)@new.example", changed: ["email"],
                    at: NotificationHub.time + TimeInterval(60 * turn))
            }
            let mails = try await hub.mails().filter { $0.template == "profile-changed" }
            // To the new and to the old address each.
            #expect(mails.count == 2 * Notice.mailsOfKindPerDayMax)
        }
    }

    @Test func `two events of a person in one batch cause two notifications`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.register(ada)
            #expect(
                try await hub.deliver(together: [NotificationHub.completed(ada), NotificationHub.completed(ada)]) == 2)
            #expect(try await hub.inbox(of: ada).items.count == 3)
        }
    }

    /// While nobody confirms the enrolment, payment says again that it was paid for.
    @Test func `a payment has one receipt, for any number of events`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new, payment = try NotificationHub.paid(ada, for: .new)
            try await hub.deliver(payment)
            try await hub.register(ada)
            try await hub.deliver(payment)
            _ = try await hub.operations.settleWaiting()
            #expect(try await hub.mails().map(\.template) == ["welcome", "receipt"])
            #expect(try await hub.inbox(of: ada).items.count { $0.type == "receipt" } == 1)
        }
    }

    @Test func `a receipt without a course names none`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.register(ada)
            try await hub.deliver(NotificationHub.paid(ada, for: nil))
            let body = try await hub.inbox(of: ada).items.first?.body
            #expect(body == "We have received your payment of 49.99 USD. Thank you!")
        }
    }

    @Test(arguments: [[1, 2], [2, 1]])
    func `of two titles of a course in one batch the newer stays`(turns: [Int]) async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new, course = CourseID.new
            try await hub.register(ada)
            let events = try turns.map { turn in
                try NotificationHub.published(
                    course, "Title \(turn)", by: .new, at: NotificationHub.time + TimeInterval(60 * turn))
            }
            #expect(try await hub.deliver(together: events) == 2)
            try await hub.deliver(NotificationHub.created(course, "Title 0", by: .new))
            try await hub.deliver(NotificationHub.completed(ada, in: course))
            #expect(try await hub.inbox(of: ada).items.first?.title == "You have completed “Title 2”")
        }
    }

    @Test func `a badge of another notified event is neither mailed nor pushed`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.register(ada)
            for badge in ["NEWCOMER", "FIRST_ENROLLMENT"] { try await hub.earn(ada, badge: badge) }
            #expect(try await hub.mails().count == 1)
            #expect(try await hub.pushes().isEmpty)
        }
    }

    @Test func `a push message is delivered once, to its recipient`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.register(ada)
            try await hub.deliver(NotificationHub.completed(ada))
            let push = try #require(try await hub.pushes().first)
            var foreign = push
            foreign.userID = .new
            try await hub.deliver(foreign)
            #expect(try await hub.pushedAt(push.notificationID) == nil)
            try await hub.deliver(push)
            let first = try await hub.pushedAt(push.notificationID)
            try await hub.deliver(push)
            #expect(try await hub.pushedAt(push.notificationID) == first && first != nil)
        }
    }

    // MARK: Further courses

    @Test func `learners of an instructor are notified once of each new course`() async throws {
        try await NotificationHub.with { hub in
            let teacher = UserID.new, ada = UserID.new, eve = UserID.new
            let first = CourseID.new, second = CourseID.new, elsewhere = CourseID.new
            for user in [teacher, ada, eve] { try await hub.register(user) }
            func enrolled(_ user: UserID, in course: CourseID) -> EnrollmentCreated {
                EnrollmentCreated(
                    enrollmentID: .make(at: Self.time), userID: user, courseID: course, source: .free,
                    enrolledAt: Self.time)
            }
            // Their order does not matter: topics have none among each other.
            try await hub.deliver(enrolled(ada, in: first))
            try await hub.deliver(try NotificationHub.created(first, "Rings", by: teacher))
            try await hub.deliver(try NotificationHub.published(elsewhere, "Bread", by: .new))
            try await hub.deliver(enrolled(eve, in: elsewhere))
            let event = EventID.new
            for _ in 1...2 {
                try await hub.deliver(try NotificationHub.published(second, "Fields", by: teacher), id: event)
            }
            try await hub.runTasks()
            // As when the process died before it noted that the task is done.
            let task = TellLearners(courseID: second.rawValue, cause: event.rawValue)
            try await hub.operations.tellLearners(task)

            let told = try await hub.inbox(of: ada).items.filter { $0.type == "new-course" }
            #expect(told.map(\.title) == ["A new course: “Fields”"])
            for user in [eve, teacher] {
                #expect(try await !hub.inbox(of: user).items.contains { $0.type == "new-course" })
            }
            #expect(try await hub.pushes().isEmpty)
            #expect(try await !hub.mails().contains { $0.template == "new-course" })

            // Nobody is found who is erased.
            try await hub.delete(ada)
            #expect(try await hub.count("select count(*) from learner where user_id = \(ada.rawValue)") == 0)
            try await hub.operations.tellLearners(task)
            #expect(try await hub.inbox(of: ada).items.isEmpty)
        }
    }

    @Test func `each task notifies a limited number of learners, and the next one continues after them`() async throws {
        try await NotificationHub.with { hub in
            let teacher = UserID.new, first = CourseID.new, second = CourseID.new, event = EventID.new
            try await hub.deliver(try NotificationHub.created(first, "Rings", by: teacher))
            let size = TellLearners.countMax
            try await hub.database.execute(
                """
                insert into recipient (user_id, email, first_name, last_name, language, as_of)
                select 'usr_' || lpad(n::text, 4, '0'), 'a@example.org', 'A', 'B', 'en', now()
                from generate_series(1, \(2 * size + 1)) n
                """)
            try await hub.database.execute(
                "insert into learner (course_id, user_id) select \(first.rawValue), user_id from recipient")
            try await hub.deliver(try NotificationHub.published(second, "Fields", by: teacher), id: event)
            // As when the process died before it noted that the task is done. Stored tasks of earlier versions have this form.
            let stored = #"{"courseID": "\#(second)", "cause": "\#(event)"}"#
            try await hub.operations.tellLearners(JSONDecoder().decode(TellLearners.self, from: Data(stored.utf8)))
            #expect(try await hub.rowCount("notice") == size)
            #expect(try await hub.runTasks() == 3)
            #expect(try await hub.rowCount("notice") == 2 * size + 1)
        }
    }

    @Test func `an enrolment after the erasure of its learner leaves no data`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.delete(ada)
            try await hub.deliver(
                EnrollmentCreated(
                    enrollmentID: .make(at: Self.time), userID: ada, courseID: .new, source: .free,
                    enrolledAt: Self.time))
            try await hub.operations.tidyUp()
            #expect(try await hub.rowCount("learner") == 0)
        }
    }
}
