/// Who may register, delete and set rules. Reading is everybody's who reaches the port.
enum WriteAccess: Sendable, Equatable {
    /// Whoever reaches the port, but no page in a browser: that is not of the person's making.
    case open
    case closed
    case withToken(String)
}
