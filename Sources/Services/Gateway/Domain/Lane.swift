/// A kind of work with its own resources up to the services: a flood of one kind does not slow down the others.
enum Lane: String, CaseIterable {
    /// Verifies a password.
    case logIn
    /// Hashes a password.
    case registration
    /// Streams the body of a request at the speed of its client.
    case stream
    /// Streams a file at the speed of its reader.
    case download
    case general

    /// The limits of expensive work.
    struct Room: Equatable {
        /// Concurrent requests in services.
        let inFlightMax: Int
        /// Requests that would wait longer fail at once.
        let waitMax: Duration
    }

    /// Concurrent connections to one service, for each event loop; nil for the default.
    var connectionsMax: Int? {
        switch self {
        // They move at the speed of a client, which may take an hour.
        case .stream, .download: 512
        case .logIn, .registration, .general: room?.inFlightMax
        }
    }

    /// nil for cheap work.
    var room: Room? {
        switch self {
        case .logIn: Room(inFlightMax: 32, waitMax: .seconds(2))
        // Registrations may wait, so that log-ins get the hashing threads.
        case .registration: Room(inFlightMax: 8, waitMax: .seconds(30))
        case .stream, .download, .general: nil
        }
    }
}
