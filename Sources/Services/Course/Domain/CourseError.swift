/// Why an operation on courses was refused.
enum CourseError: Error, Sendable, Equatable {
    /// The object does not exist, or the caller may not know of it.
    case notFound
    /// The caller may read the course but not change it.
    case notAllowed
    /// The course changed after the caller read it.
    case changedMeanwhile
    /// Archived courses cannot be changed.
    case archived
    /// Only empty sections can be deleted, so that no lesson is lost by mistake.
    case sectionNotEmpty
    /// The course has the maximum number of sections or lessons.
    case outlineFull(countMax: Int)
    /// The requirements for publishing that the course does not meet.
    case incomplete([PublishChecklist.Item])
    /// An invalid value; the message follows the field's name.
    case unacceptable(field: String, message: String)
}
