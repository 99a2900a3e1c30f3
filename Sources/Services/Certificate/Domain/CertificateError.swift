/// Why an operation on certificates was refused.
enum CertificateError: Error, Sendable, Equatable {
    /// No such certificate, or none the caller may know of.
    case notFound
    /// There was one; whose it was has had it erased.
    case erased
    /// The name was corrected before, or it is too late for that.
    case final
    /// The file is being drawn.
    case notDrawn
}
