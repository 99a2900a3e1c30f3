internal import Platform

extension Identity {
    func maySee(_ course: Course) -> Bool { course.isPublic || mayTeach(as: course.instructorID) }

    /// - Throws: ``CourseError/notFound`` when the course is not visible to the caller.
    func checkMayEdit(_ course: Course) throws(CourseError) {
        if !mayTeach(as: course.instructorID) { throw maySee(course) ? .notAllowed : .notFound }
    }
}
