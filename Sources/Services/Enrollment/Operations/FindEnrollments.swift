internal import Contracts
internal import Platform

extension Operations {
    /// A learner's own enrolment, without unpaid reservations.
    /// - Throws: ``EnrollmentError/notFound``.
    func enrollment(_ id: EnrollmentID, of user: UserID) async throws -> Enrollment {
        guard let enrollment = try await store.find(id, on: database), enrollment.userID == user,
            enrollment.enrolledAt != nil
        else { throw EnrollmentError.notFound }
        return enrollment
    }

    /// The same, with the progress of each lesson.
    func detail(of id: EnrollmentID, of user: UserID) async throws -> EnrollmentDetail {
        var enrollment = try await enrollment(id, of: user)
        let outline = try await outline(of: enrollment.courseID)
        let record = try await store.findRecord(of: enrollment, on: database)
        // With the current course, which may have changed since the learner's last progress.
        if enrollment.state == .active { enrollment.standing = outline.standing(of: record) }
        return EnrollmentDetail(enrollment: enrollment, outline: outline, record: record)
    }

    /// A learner's own enrolments, newest first.
    func list(of user: UserID, _ page: PageRequest<EnrollmentID>) async throws -> Page<Enrollment> {
        let found = try await store.list(of: user, before: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.id)
    }

    /// All enrolments in a course, also ended ones, newest first.
    /// - Throws: ``EnrollmentError/notFound``, also for another instructor's course.
    func roster(
        of course: CourseID, for caller: Identity, _ page: PageRequest<EnrollmentID>
    ) async throws -> Page<Enrollment> {
        guard try await caller.mayTeach(as: outline(of: course).instructorID) else { throw EnrollmentError.notFound }
        let found = try await store.list(in: course, before: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.id)
    }

    /// A learner's active or completed enrolment in a course.
    /// - Throws: ``EnrollmentError/notFound``.
    func openEnrollment(of user: UserID, in course: CourseID) async throws -> Enrollment {
        guard let enrollment = try await store.findOpen(user, in: course, on: database) else {
            throw EnrollmentError.notFound
        }
        return enrollment
    }
}
