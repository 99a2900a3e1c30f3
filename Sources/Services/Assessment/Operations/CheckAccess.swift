internal import Contracts
internal import HTTP
internal import Platform

/// Access checks that call other services. No transaction is open meanwhile.
extension Operations {
    /// The course, if the caller may teach it.
    /// - Throws: ``AssessmentError/notFound``, also for another instructor's course.
    func course(_ id: CourseID, taughtBy caller: Identity) async throws -> CourseOutline {
        guard let course = try await findCourse(id), caller.mayTeach(as: course.instructorID) else {
            throw AssessmentError.notFound
        }
        return course
    }

    private struct OpenEnrollment: Decodable {
        let enrollmentId: EnrollmentID
    }

    /// - Throws: ``AssessmentError/noAccess`` when the caller is neither a learner nor an instructor of the course,
    ///   ``AssessmentError/notFound`` when the course is not visible to them.
    func checkAccess(to course: CourseID, for caller: Identity) async throws {
        guard let user = caller.userID else { throw AssessmentError.noAccess }
        let enrollment = try await answer {
            try await services.get(
                .enrollment, "/internal/enrollments/of/\(user)/in/\(course)", as: OpenEnrollment.self)
        }
        if enrollment != nil { return }
        guard let course = try await findCourse(course) else { throw AssessmentError.notFound }
        if !caller.mayTeach(as: course.instructorID) {
            throw course.isPublic ? AssessmentError.noAccess : AssessmentError.notFound
        }
    }

    func findCourse(_ id: CourseID) async throws -> CourseOutline? {
        try await answer { try await services.get(.course, "/internal/courses/\(id)", as: CourseOutline.self) }
    }

    /// A service's response; nil for 404.
    private func answer<Answer>(_ ask: () async throws -> Answer) async throws -> Answer? {
        do {
            return try await ask()
        } catch ServiceCallError.refused(_, let problem) where problem.status == .notFound {
            return nil
        }
    }
}
