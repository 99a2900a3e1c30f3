/// Who may register, delete and set rules. Everyone who can reach the port may read.
enum WriteAccess: Sendable, Equatable {
    /// Everyone who can reach the port, except browser pages, which could act without the user's knowledge.
    case open
    case closed
    case withToken(String)
}
