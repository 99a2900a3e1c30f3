internal import Contracts
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service.
struct Store: Sendable {
    let people = People(table: "learner")

    // MARK: Learners

    /// Replaces the learner with a tombstone, also if unknown, and deletes their records.
    func deleteLearner(_ user: UserID, at time: Date, on tx: Transaction) {
        people.erase(user, at: time, on: tx)
        // Separate statements, so that they see what the previous lock holder committed.
        tx.submit("delete from enrollment where user_id = \(user.rawValue)")
        tx.submit("delete from lesson_grade where user_id = \(user.rawValue)")
    }

    // MARK: Enrolments

    func find(_ id: EnrollmentID, on statements: some Statements) async throws -> Enrollment? {
        try await statements.query("select \(Self.columns) from enrollment where id = \(id.rawValue)")
            .first.map(enrollment)
    }

    /// The enrolment, locked until the transaction ends.
    func lock(_ id: EnrollmentID, on tx: Transaction) async throws -> Enrollment? {
        try await tx.query("select \(Self.columns) from enrollment where id = \(id.rawValue) for update")
            .first.map(enrollment)
    }

    func lock(paidBy payment: PaymentID, on tx: Transaction) async throws -> Enrollment? {
        try await tx.query("select \(Self.columns) from enrollment where payment_id = \(payment.rawValue) for update")
            .first.map(enrollment)
    }

    /// The active or completed one; there is at most one.
    func findOpen(_ user: UserID, in course: CourseID, on statements: some Statements) async throws -> Enrollment? {
        try await statements.query(
            """
            select \(Self.columns) from enrollment
            where user_id = \(user.rawValue) and course_id = \(course.rawValue) and state in ('ACTIVE', 'COMPLETED')
            """
        ).first.map(enrollment)
    }

    /// Newest first, without unpaid reservations.
    func list(
        of user: UserID, before: EnrollmentID?, countMax: Int, on statements: some Statements
    ) async throws -> [Enrollment] {
        try await list(where: "user_id = \(user.rawValue)", before, countMax, statements)
    }

    func list(
        in course: CourseID, before: EnrollmentID?, countMax: Int, on statements: some Statements
    ) async throws -> [Enrollment] {
        try await list(where: "course_id = \(course.rawValue)", before, countMax, statements)
    }

    private func list(
        where condition: SQL, _ before: EnrollmentID?, _ countMax: Int, _ statements: some Statements
    ) async throws -> [Enrollment] {
        let older: SQL = before.map { "and id < \($0.rawValue)" } ?? ""
        return try await statements.query(
            """
            select \(Self.columns) from enrollment where \(condition) and enrolled_at is not null \(older)
            order by id desc limit \(countMax)
            """
        ).map(enrollment)
    }

    /// The result of an enrolment.
    enum Entry {
        case erased, alreadyEnrolled
        /// - Parameter hasGrades: whether the learner has earlier grades in the course, which count from now on.
        case made(hasGrades: Bool)
    }

    /// Locks the learner and inserts the enrolment, in one round trip. The transaction must be rolled back when none was inserted.
    func enter(_ enrollment: Enrollment, at time: Date, on tx: Transaction) async throws -> Entry {
        let (user, course) = (enrollment.userID, enrollment.courseID)
        let learner = people.lock(user, on: tx)
        expireOverdue(user, in: course, at: time, on: tx)
        let inserted = tx.send(insertion(of: enrollment))
        // A separate statement, so that it sees what the previous lock holder committed.
        let grade = tx.send(anyGrade(of: user, in: course))
        if try await learner.isErased() { return .erased }
        guard try await inserted.rows().affectedCount == 1 else { return .alreadyEnrolled }
        return .made(hasGrades: try await grade.rows().first != nil)
    }

    /// - Returns: false when the learner already has an enrolment or a reservation in the course; the unique index decides.
    func insert(_ enrollment: Enrollment, on tx: Transaction) async throws -> Bool {
        try await tx.execute(insertion(of: enrollment)) == 1
    }

    private func insertion(of enrollment: Enrollment) -> SQL {
        """
        insert into enrollment (id, user_id, course_id, source, payment_id, state, reserved_until, enrolled_at)
        values (\(enrollment.id.rawValue), \(enrollment.userID.rawValue), \(enrollment.courseID.rawValue),
            \(enrollment.source.rawValue), \(enrollment.paymentID?.rawValue as String?), \(enrollment.state.rawValue),
            \(enrollment.reservedUntil as Date?), \(enrollment.enrolledAt as Date?))
        on conflict (user_id, course_id) where state in ('PENDING_PAYMENT', 'ACTIVE', 'COMPLETED') do nothing
        """
    }

    /// Updates a locked enrolment unless the learner meanwhile has another one in the course. The learner is locked.
    /// - Returns: false in that case.
    func updateUnlessTaken(_ enrollment: Enrollment, on tx: Transaction) async throws -> Bool {
        try await tx.execute(
            """
            update enrollment e set state = \(enrollment.state.rawValue), reserved_until = \(enrollment.reservedUntil as Date?),
                enrolled_at = \(enrollment.enrolledAt as Date?)
            where e.id = \(enrollment.id.rawValue) and not exists (
                select from enrollment other
                where other.user_id = e.user_id and other.course_id = e.course_id and other.id <> e.id
                    and other.state in ('PENDING_PAYMENT', 'ACTIVE', 'COMPLETED'))
            """) == 1
    }

    /// Updates the state of a locked enrolment.
    func update(_ enrollment: Enrollment, on tx: Transaction) {
        let standing = enrollment.standing
        tx.submit(
            """
            update enrollment set state = \(enrollment.state.rawValue), percent = \(standing.percent),
                completed_lessons = \(Int32(clamping: standing.completedLessons)),
                total_lessons = \(Int32(clamping: standing.totalLessons)),
                final_score = \(enrollment.finalScore as Double?), completed_at = \(enrollment.completedAt as Date?)
            where id = \(enrollment.id.rawValue)
            """)
    }

    /// - Returns: false when there is no such enrolment.
    func updateToRefunded(_ id: EnrollmentID, on database: Database) async throws -> Bool {
        try await database.execute("update enrollment set state = 'REFUNDED' where id = \(id.rawValue)") == 1
    }

    // MARK: Reservations

    func expire(_ payment: PaymentID, on database: Database) async throws {
        try await database.execute(
            """
            update enrollment set state = 'EXPIRED'
            where payment_id = \(payment.rawValue) and state = 'PENDING_PAYMENT'
            """)
    }

    /// Expires an old reservation of the learner at once, without waiting for the periodic sweep.
    func expireOverdue(_ user: UserID, in course: CourseID, at time: Date, on tx: Transaction) {
        tx.submit(
            """
            update enrollment set state = 'EXPIRED'
            where user_id = \(user.rawValue) and course_id = \(course.rawValue)
                and state = 'PENDING_PAYMENT' and reserved_until <= \(time)
            """)
    }

    /// - Returns: how many expired.
    func expireOverdue(at time: Date, countMax: Int, on database: Database) async throws -> Int {
        try await database.execute(
            """
            update enrollment set state = 'EXPIRED' where id in (
                select id from enrollment where state = 'PENDING_PAYMENT' and reserved_until <= \(time)
                order by reserved_until limit \(countMax) for update skip locked)
            """)
    }

    // MARK: Progress and grades

    func findRecord(of enrollment: EnrollmentID, on statements: some Statements) async throws -> Record {
        try await findRecords(of: [enrollment], on: statements)[enrollment] ?? Record()
    }

    /// The records of those enrolments that have any.
    func findRecords(
        of enrollments: [EnrollmentID], on statements: some Statements
    ) async throws -> [EnrollmentID: Record] {
        let ids = enrollments.map(\.rawValue)
        let lessons = try await statements.query(
            """
            select enrollment_id, lesson_id, percent, completed_at from lesson_progress
            where enrollment_id = any(\(ids))
            """)
        let grades = try await statements.query(
            """
            select id, lesson_id, g.percent, passed_at from enrollment join lesson_grade g using (user_id, course_id)
            where id = any(\(ids))
            """)
        var records: [EnrollmentID: Record] = [:]
        for row in lessons {
            let (id, lesson, percent, completedAt) = try row.decode(String.self, String.self, Double.self, Date?.self)
            records[EnrollmentID(checked: id), default: Record()].lessons[LessonID(checked: lesson)] =
                LessonProgress(percent: percent, completedAt: completedAt)
        }
        for row in grades {
            let (id, lesson, percent, passedAt) = try row.decode(String.self, String.self, Double.self, Date?.self)
            records[EnrollmentID(checked: id), default: Record()].grades[LessonID(checked: lesson)] =
                Grade(percent: percent, passedAt: passedAt)
        }
        return records
    }

    /// - Returns: whether this increased the progress.
    func raiseProgress(_ report: ProgressReport, at time: Date, on tx: Transaction) async throws -> Bool {
        let completedAt = report.percent >= Standing.percentMax ? time : nil
        return try await tx.execute(
            """
            insert into lesson_progress as l (enrollment_id, lesson_id, percent, completed_at)
            values (\(report.enrollmentID.rawValue), \(report.lessonID.rawValue), \(report.percent), \(completedAt as Date?))
            on conflict (enrollment_id, lesson_id) do update
            set percent = excluded.percent, completed_at = excluded.completed_at
            where l.percent < excluded.percent
            """) == 1
    }

    /// - Returns: whether the grade is better than the best one, or the first to pass.
    func raiseGrade(
        _ grade: Grade, of user: UserID, in course: CourseID, _ lesson: LessonID, on tx: Transaction
    ) async throws -> Bool {
        try await tx.execute(
            """
            insert into lesson_grade as g (user_id, course_id, lesson_id, percent, passed_at)
            values (\(user.rawValue), \(course.rawValue), \(lesson.rawValue), \(grade.percent), \(grade.passedAt as Date?))
            on conflict (user_id, course_id, lesson_id) do update
            set percent = greatest(g.percent, excluded.percent), passed_at = coalesce(g.passed_at, excluded.passed_at)
            where g.percent < excluded.percent or (g.passed_at is null and excluded.passed_at is not null)
            """) == 1
    }

    func hasGrades(_ user: UserID, in course: CourseID, on tx: Transaction) async throws -> Bool {
        try await tx.query(anyGrade(of: user, in: course)).first != nil
    }

    private func anyGrade(of user: UserID, in course: CourseID) -> SQL {
        "select from lesson_grade where user_id = \(user.rawValue) and course_id = \(course.rawValue) limit 1"
    }

    // MARK: Courses

    /// The cached course, and when it was requested.
    func findOutline(of course: CourseID, on database: Database) async throws -> (outline: Outline, fetchedAt: Date)? {
        try await findOutlines(of: [course], on: database)[course]
    }

    /// Those of the courses that are cached, and when they were requested.
    func findOutlines(
        of courses: some Collection<CourseID>, on database: Database
    ) async throws -> [CourseID: (outline: Outline, fetchedAt: Date)] {
        let rows = try await database.query(
            """
            select course_id, outline, fetched_at from course_outline
            where course_id = any(\(courses.map(\.rawValue)))
            """)
        var known: [CourseID: (outline: Outline, fetchedAt: Date)] = [:]
        for row in rows {
            let (id, outline, fetchedAt) = try row.decode(String.self, JSONValue.self, Date.self)
            known[CourseID(checked: id)] = (try outline.decode(Outline.self), fetchedAt)
        }
        return known
    }

    /// Caches a course; an older version changes nothing.
    func insert(_ outline: Outline, at time: Date, on database: Database) async throws {
        try await database.execute(
            """
            insert into course_outline as c (course_id, version, outline, fetched_at)
            values (\(outline.id.rawValue), \(outline.version), \(JSONValue(encoding: outline)), \(time))
            on conflict (course_id) do update
            set version = excluded.version, outline = excluded.outline, fetched_at = excluded.fetched_at
            where c.version <= excluded.version
            """)
    }

    // MARK: Rows

    private static let columns: SQL = """
        id, user_id, course_id, source, payment_id, state, percent, completed_lessons, total_lessons, final_score,
        reserved_until, enrolled_at, completed_at
        """

    private func enrollment(_ row: Row) throws -> Enrollment {
        let (
            id, user, course, source, payment, state, percent, completed, total, score, reservedUntil, enrolledAt,
            completedAt
        ) = try row.decode(
            String.self, String.self, String.self, String.self, String?.self, String.self, Double.self, Int.self,
            Int.self, Double?.self, Date?.self, Date?.self, Date?.self)
        guard let source = EnrollmentSource(rawValue: source), let state = EnrollmentState(rawValue: state) else {
            throw PostgresError(.decoding, "an unknown state or source")
        }
        return Enrollment(
            id: EnrollmentID(checked: id), userID: UserID(checked: user), courseID: CourseID(checked: course),
            source: source, paymentID: payment.map(PaymentID.init(checked:)), state: state,
            standing: Standing(percent: percent, completedLessons: completed, totalLessons: total),
            finalScore: score, reservedUntil: reservedUntil, enrolledAt: enrolledAt, completedAt: completedAt)
    }
}
