internal import Contracts

/// The caller of an operation.
struct Caller: Sendable {
    /// nil without log-in.
    let id: UserID?
    let isAdministrator: Bool

    /// Instructors may change their own courses, administrators any.
    func mayEdit(_ course: Course) -> Bool { isAdministrator || id == course.instructorID }

    func maySee(_ course: Course) -> Bool { course.isPublic || mayEdit(course) }

    /// - Throws: ``CourseError/notFound`` when the course is not visible to the caller.
    func checkMayEdit(_ course: Course) throws(CourseError) {
        if !mayEdit(course) { throw maySee(course) ? .notAllowed : .notFound }
    }
}
