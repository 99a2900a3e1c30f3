/// Why an operation on accounts was refused.
public enum UserError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another account has the address.
    case emailTaken
    /// No such account, or one that was erased.
    case notFound
    /// The account is not what the caller saw last.
    case changedMeanwhile
    /// The account that asks is not an administrator's, or no more.
    case notAdministrator
    /// Somebody must be able to appoint administrators.
    case lastAdministrator
    /// The password is wrong, or there is no such account: nobody is told which.
    case wrongCredentials
    /// More passwords wait to be hashed than the machine takes.
    case busy(retryAfterSeconds: Int)
    /// A value that cannot be accepted; the message follows the field's name.
    case unacceptable(field: String, message: String)

    public var description: String {
        switch self {
        case .emailTaken: "an account with this e-mail address exists already"
        case .notFound: "there is no such account"
        case .changedMeanwhile: "the account was changed meanwhile"
        case .notAdministrator: "only an administrator may do this"
        case .lastAdministrator: "the last administrator stays one"
        case .wrongCredentials: "e-mail or password is wrong"
        case .busy: "too many passwords are being checked; try again"
        case .unacceptable(let field, let message): "\(field) \(message)"
        }
    }
}
