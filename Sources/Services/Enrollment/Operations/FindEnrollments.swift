internal import Contracts
internal import Platform

extension Operations {
    /// An enrolment of the learner's own. A place that was never paid for is none.
    /// - Throws: ``EnrollmentError/notFound``.
    func enrollment(_ id: EnrollmentID, of user: UserID) async throws -> Enrollment {
        guard let enrollment = try await store.find(id, on: database), enrollment.userID == user,
            enrollment.enrolledAt != nil
        else { throw EnrollmentError.notFound }
        return enrollment
    }

    /// The same, lesson by lesson.
    func detail(of id: EnrollmentID, of user: UserID) async throws -> EnrollmentDetail {
        var enrollment = try await enrollment(id, of: user)
        let outline = try await outline(of: enrollment.courseID)
        let record = try await store.findRecord(of: enrollment, on: database)
        // As the course is now: it may have changed since the learner's last step.
        if enrollment.state == .active { enrollment.standing = outline.standing(of: record) }
        return EnrollmentDetail(enrollment: enrollment, outline: outline, record: record)
    }

    /// A learner's own, the newest first.
    func list(of user: UserID, _ page: PageRequest<EnrollmentID>) async throws -> Page<Enrollment> {
        let found = try await store.list(of: user, before: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.id)
    }

    /// Who is and was enrolled in a course, the newest first.
    /// - Throws: ``EnrollmentError/notFound``, also for a course of somebody else.
    func roster(
        of course: CourseID, for caller: Identity, _ page: PageRequest<EnrollmentID>
    ) async throws -> Page<Enrollment> {
        guard try await caller.mayTeach(as: outline(of: course).instructorID) else { throw EnrollmentError.notFound }
        let found = try await store.list(in: course, before: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.id)
    }

    /// The active or completed enrolment of somebody in a course.
    /// - Throws: ``EnrollmentError/notFound``.
    func openEnrollment(of user: UserID, in course: CourseID) async throws -> Enrollment {
        guard let enrollment = try await store.findOpen(user, in: course, on: database) else {
            throw EnrollmentError.notFound
        }
        return enrollment
    }
}
