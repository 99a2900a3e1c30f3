/// Why an operation on media was refused.
enum MediaError: Error, Sendable, Equatable {
    case notFound
    /// The account was erased.
    case notAllowed
    /// The upload is complete: no parts can be added.
    case alreadyComplete
    /// The parts together exceed the announced size.
    case partsTooLarge
    /// Another request is assembling the parts.
    case beingAssembled
    /// Parts are missing.
    case partsMissing
    /// The parts do not match the announced checksum.
    case wrongChecksum
    /// The content does not have the announced type.
    case wrongType
    /// The person has too many incomplete uploads.
    case tooManyUploads
    /// The person's files would exceed the quota.
    case quotaExceeded(bytesMax: Int)
    /// The signed URL was altered or has expired.
    case badAddress
}
