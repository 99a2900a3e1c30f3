internal import Contracts
internal import HTTP
internal import Platform

/// Who may do what is asked of the services that know. No transaction is open meanwhile.
extension Operations {
    /// The course, for whoever may teach it.
    /// - Throws: ``AssessmentError/notFound``, also for a course of somebody else.
    func course(_ id: CourseID, taughtBy caller: Identity) async throws -> CourseOutline {
        guard let course = try await findCourse(id), caller.mayTeach(as: course.instructorID) else {
            throw AssessmentError.notFound
        }
        return course
    }

    private struct OpenEnrollment: Decodable {
        let enrollmentId: EnrollmentID
    }

    /// - Throws: ``AssessmentError/noAccess`` for whoever neither learns nor teaches in the course, ``AssessmentError/notFound`` when they
    ///   may not even know of it.
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

    /// What a service answers; nil when there is no such thing.
    private func answer<Answer>(_ ask: () async throws -> Answer) async throws -> Answer? {
        do {
            return try await ask()
        } catch ServiceCallError.refused(_, let problem) where problem.status == .notFound {
            return nil
        }
    }
}
