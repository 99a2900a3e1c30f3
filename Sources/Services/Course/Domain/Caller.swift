internal import Contracts

/// Who asks, as far as courses care.
struct Caller: Sendable {
    /// Nil when nobody is logged in.
    let id: UserID?
    let isAdministrator: Bool

    /// Instructors change their own courses, administrators any.
    func mayEdit(_ course: Course) -> Bool { isAdministrator || id == course.instructorID }

    func maySee(_ course: Course) -> Bool { course.isPublic || mayEdit(course) }

    /// - Throws: ``CourseError/notFound`` for whoever may not even know of the course.
    func checkMayEdit(_ course: Course) throws(CourseError) {
        if !mayEdit(course) { throw maySee(course) ? .notAllowed : .notFound }
    }
}
