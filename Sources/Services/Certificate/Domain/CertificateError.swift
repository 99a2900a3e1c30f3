/// Why an operation on certificates was refused.
enum CertificateError: Error, Sendable, Equatable {
    /// The certificate does not exist, or the caller may not know of it.
    case notFound
    /// It was erased at the request of its owner.
    case erased
    /// The name was already corrected, or the period for corrections is over.
    case final
    /// The file is not drawn yet.
    case notDrawn
}
