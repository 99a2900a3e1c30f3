/// Why an operation on the content of lessons was refused.
enum ContentError: Error, Sendable, Equatable {
    /// No such lesson, or none the caller may know of.
    case notFound
    /// The lesson is read by those who are enrolled.
    case noAccess
    /// The lesson is somebody else's to write.
    case notAllowed
    /// The content is not what the caller saw last.
    case changedMeanwhile
    /// The text makes no document; the message follows the field's name.
    case unacceptable(message: String)
}
