/// Why an operation on the content of lessons was refused.
enum ContentError: Error, Sendable, Equatable {
    /// The lesson does not exist, or the caller may not know of it.
    case notFound
    /// Only enrolled learners may read the lesson.
    case noAccess
    /// The caller may not write the lesson.
    case notAllowed
    /// The content changed after the caller read it.
    case changedMeanwhile
    /// The text cannot be rendered; the message follows the field's name.
    case unacceptable(message: String)
}
