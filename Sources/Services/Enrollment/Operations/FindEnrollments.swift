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
        let enrollment = try await enrollment(id, of: user)
        let outline = try await outline(of: enrollment.courseID)
        let record = try await store.findRecord(of: id, on: database)
        return EnrollmentDetail(enrollment: enrollment.current(in: outline, record), outline: outline, record: record)
    }

    /// A learner's own enrolments, newest first.
    func list(of user: UserID, _ page: PageRequest<EnrollmentID>) async throws -> Page<Enrollment> {
        let found = try await store.list(of: user, before: page.cursor, countMax: page.soughtCount, on: database)
        let outlines = try await outlines(of: Set(found.lazy.filter(\.followsCourse).map(\.courseID)))
        return Page(try await current(found, in: outlines), of: page, by: \.id)
    }

    /// The same enrolments with the progress in the courses as they are now; with the stored progress where the course is missing.
    private func current(_ stored: [Enrollment], in outlines: [CourseID: Outline]) async throws -> [Enrollment] {
        let records = try await store.findRecords(of: stored.map(\.id), on: database)
        return stored.map { enrollment in
            guard let outline = outlines[enrollment.courseID] else { return enrollment }
            return enrollment.current(in: outline, records[enrollment.id] ?? Record())
        }
    }

    /// All enrolments in a course, also ended ones, newest first.
    /// - Throws: ``EnrollmentError/notFound``, also for another instructor's course.
    func roster(
        of course: CourseID, for caller: Identity, _ page: PageRequest<EnrollmentID>
    ) async throws -> Page<Enrollment> {
        let outline = try await outline(of: course)
        guard caller.mayTeach(as: outline.instructorID) else { throw EnrollmentError.notFound }
        let found = try await store.list(in: course, before: page.cursor, countMax: page.soughtCount, on: database)
        return Page(try await current(found, in: [course: outline]), of: page, by: \.id)
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
