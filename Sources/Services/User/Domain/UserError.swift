/// Why an operation on accounts was refused.
public enum UserError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another account has the e-mail address.
    case emailTaken
    /// The account does not exist or was erased.
    case notFound
    /// The account changed after the caller read it.
    case changedMeanwhile
    /// The caller is not an administrator, or no longer.
    case notAdministrator
    /// At least one administrator must remain.
    case lastAdministrator
    /// The password is wrong or the account does not exist; the response does not reveal which.
    case wrongCredentials
    /// The queue of password hashes is full.
    case busy(retryAfterSeconds: Int)
    /// An invalid value; the message follows the field's name.
    case unacceptable(field: String, message: String)

    public var description: String {
        switch self {
        case .emailTaken: "an account with this e-mail address exists already"
        case .notFound: "there is no such account"
        case .changedMeanwhile: "the account was changed meanwhile"
        case .notAdministrator: "only an administrator may do this"
        case .lastAdministrator: "the last administrator cannot be removed"
        case .wrongCredentials: "e-mail or password is wrong"
        case .busy: "too many passwords are being checked; try again"
        case .unacceptable(let field, let message): "\(field) \(message)"
        }
    }
}
