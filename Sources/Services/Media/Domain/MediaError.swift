/// Why an operation on media was refused.
enum MediaError: Error, Sendable, Equatable {
    case notFound
    /// The account was erased.
    case notAllowed
    /// The medium is complete: nothing is added to it.
    case alreadyComplete
    /// The parts that are there are not the whole file.
    case partsMissing
    /// The parts are not the file that was announced.
    case wrongChecksum
    /// The content is not of the type that was announced.
    case wrongType
    /// The person has begun too many uploads and completed none.
    case tooManyUploads
    /// The address was altered, or its time is over.
    case badAddress
}
