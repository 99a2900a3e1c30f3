/// A kind of work with its own resources up to the services: a flood of one kind does not slow down the others.
enum Lane: String, CaseIterable {
    /// Verifies a password.
    case logIn
    /// Hashes a password.
    case registration
    /// Streams a body at the speed of its client.
    case stream
    case general

    /// The limits of expensive work.
    struct Room: Equatable {
        /// Concurrent requests in services.
        let inFlightMax: Int
        /// Requests that would wait longer fail at once.
        let waitMax: Duration
    }

    /// nil for cheap work.
    var room: Room? {
        switch self {
        case .logIn: Room(inFlightMax: 32, waitMax: .seconds(2))
        // Registrations may wait, so that log-ins get the hashing threads.
        case .registration: Room(inFlightMax: 8, waitMax: .seconds(30))
        case .stream, .general: nil
        }
    }
}
