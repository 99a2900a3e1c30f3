/// Why an operation on courses was refused.
enum CourseError: Error, Sendable, Equatable {
    /// No such course, section or lesson, or none the caller may know of.
    case notFound
    /// The caller may see the course and not change it.
    case notAllowed
    /// The course is not what the caller saw last.
    case changedMeanwhile
    /// Archived courses stay as they are.
    case archived
    /// A section goes when it is empty: no lesson is lost by mistake.
    case sectionNotEmpty
    /// A course has as many sections, or lessons, as it can.
    case outlineFull(countMax: Int)
    /// What a published course must have and this one has not.
    case incomplete([PublishChecklist.Item])
    /// A value that cannot be accepted; the message follows the field's name.
    case unacceptable(field: String, message: String)
}
