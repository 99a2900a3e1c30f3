internal import Contracts
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Store {
    // MARK: Waiting notifications

    func insertWaiting(_ waiting: WaitingNotice, on tx: Transaction) throws {
        let (notice, journey) = (waiting.notice, waiting.journey)
        tx.submit(
            """
            insert into waiting_notice (cause_event_id, notice_id, user_id, kind, facts, created_at, correlation_id, traceparent)
            values (\(waiting.cause.rawValue), \(notice.id.rawValue), \(notice.userID.rawValue), \(notice.kind.rawValue),
                \(try JSONValue(notice.facts)), \(notice.createdAt), \(journey.correlationID), \(journey.traceparent))
            on conflict do nothing
            """)
    }

    /// Removes and returns notifications whose readers are now known, or erased. Those of a newer version of the service wait for it.
    func deleteSettled(countMax: Int, on tx: Transaction) async throws -> [WaitingNotice] {
        let rows = try await tx.query(
            """
            delete from waiting_notice where cause_event_id in (
                select w.cause_event_id from waiting_notice w join recipient r using (user_id)
                where w.kind = any(\(NoticeKind.allCases.map(\.rawValue)))
                order by w.cause_event_id limit \(countMax) for update of w skip locked)
            returning cause_event_id, notice_id, user_id, kind, facts, created_at, correlation_id, traceparent
            """)
        return try rows.compactMap { row in
            let (cause, id, user, kind, facts, createdAt, correlationID, traceparent) = try row.decode(
                String.self, String.self, String.self, String.self, JSONValue.self, Date.self, String.self, String.self)
            guard let kind = NoticeKind(rawValue: kind) else { return nil }
            let notice = Notice(
                id: NotificationID(checked: id), userID: UserID(checked: user), kind: kind, facts: try Facts(facts),
                createdAt: createdAt)
            return WaitingNotice(
                notice: notice, cause: EventID(checked: cause),
                journey: Journey(correlationID: correlationID, traceparent: traceparent))
        }
    }

    // MARK: The list

    /// How many notifications of a kind a person has got since a time, with those of `tx`.
    func countNotices(_ kind: NoticeKind, of user: UserID, since time: Date, on tx: Transaction) async throws -> Int {
        let rows = try await tx.query(
            """
            select count(*) from notice
            where user_id = \(user.rawValue) and kind = \(kind.rawValue) and created_at > \(time)
            """)
        return try rows.first?.decode(Int.self) ?? 0
    }

    func listNotices(
        of user: UserID, before: NotificationID?, countMax: Int, on database: Database
    ) async throws -> [Notice] {
        let older: SQL = before.map { "and id < \($0.rawValue)" } ?? ""
        let rows = try await database.query(
            """
            select id, kind, facts, created_at, read_at from notice
            where user_id = \(user.rawValue) \(older) order by id desc limit \(countMax)
            """)
        return try rows.compactMap { row in
            let (id, kind, facts, createdAt, readAt) = try row.decode(
                String.self, String.self, JSONValue.self, Date.self, Date?.self)
            guard let kind = NoticeKind(rawValue: kind) else { return nil }
            return Notice(
                id: NotificationID(checked: id), userID: user, kind: kind, facts: try Facts(facts),
                createdAt: createdAt, readAt: readAt)
        }
    }

    /// The number of unread notifications of a person, and their language; nil for an unknown person.
    func findReader(_ user: UserID, on database: Database) async throws -> (unread: Int, language: Language?) {
        let rows = try await database.query(
            """
            select (select count(*) from notice where user_id = \(user.rawValue) and read_at is null),
                (select language from recipient where user_id = \(user.rawValue))
            """)
        let (unread, language) = try rows.first?.decode(Int.self, String?.self) ?? (0, nil)
        return (unread, language.flatMap { Language(rawValue: $0) })
    }

    /// - Returns: false when the person has no such notification.
    func updateRead(_ id: NotificationID, of user: UserID, at time: Date, on database: Database) async throws -> Bool {
        try await database.execute(
            """
            update notice set read_at = coalesce(read_at, \(time))
            where user_id = \(user.rawValue) and id = \(id.rawValue)
            """) > 0
    }

    func updateAllRead(of user: UserID, at time: Date, on database: Database) async throws {
        try await database.execute(
            "update notice set read_at = \(time) where user_id = \(user.rawValue) and read_at is null")
    }

    /// Records the delivery of a push message; the first time is kept.
    func updatePushed(_ id: NotificationID, of user: UserID, at time: Date, on tx: Transaction) {
        tx.submit(
            """
            update notice set pushed_at = coalesce(pushed_at, \(time))
            where user_id = \(user.rawValue) and id = \(id.rawValue)
            """)
    }

    // MARK: Courses

    /// Stores a course's title and instructor, unless a newer event has set them.
    func insertCourse(
        _ course: CourseID, _ title: String, by instructor: UserID, asOf time: Date, on tx: Transaction
    ) {
        tx.submit(
            """
            insert into course as c (id, title, instructor_id, as_of)
            values (\(course.rawValue), \(title), \(instructor.rawValue), \(time))
            on conflict (id) do update set title = excluded.title, instructor_id = excluded.instructor_id,
                as_of = excluded.as_of
            where c.as_of < excluded.as_of or c.instructor_id is null
            """)
    }

    func insertLearner(_ user: UserID, of course: CourseID, on tx: Transaction) {
        tx.submit(
            """
            insert into learner (course_id, user_id) values (\(course.rawValue), \(user.rawValue))
            on conflict do nothing
            """)
    }

    /// The learners of the instructor's other courses, sorted by id.
    func listLearners(
        ofTeacherOf course: CourseID, after user: UserID?, countMax: Int, on database: Database
    ) async throws -> [UserID] {
        try await database.query(
            """
            select distinct l.user_id
            from course c join course o on o.instructor_id = c.instructor_id and o.id <> c.id
                join learner l on l.course_id = o.id
            where c.id = \(course.rawValue) and l.user_id > \(user?.rawValue ?? "") and l.user_id <> c.instructor_id
            order by l.user_id limit \(countMax)
            """
        ).map { UserID(checked: try $0.decode(String.self)) }
    }

    /// nil for an unknown course.
    func findTitle(of course: CourseID, on tx: Transaction) async throws -> String? {
        try await tx.query("select title from course where id = \(course.rawValue)").first?.decode(String.self)
    }
}
