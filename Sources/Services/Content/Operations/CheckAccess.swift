internal import Platform

extension Identity {
    /// - Throws: ``ContentError/notFound`` when the lesson is not visible to the caller.
    func checkMayEdit(_ lesson: LessonFacts) throws(ContentError) {
        if !mayTeach(as: lesson.instructorID) { throw lesson.isPublic ? .notAllowed : .notFound }
    }
}
