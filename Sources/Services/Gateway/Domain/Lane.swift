/// A kind of work, kept apart from the others all the way to the services: a flood of one takes nothing from the rest.
enum Lane: String, CaseIterable {
    /// A password is looked at.
    case logIn
    /// A password is hashed.
    case registration
    /// A body is passed on as it comes, at the pace of its client.
    case stream
    case general

    /// What a dear kind of work may take up.
    struct Room: Equatable {
        /// Requests that services work on at once.
        let inFlightMax: Int
        /// Who would not be served by then is refused at once.
        let waitMax: Duration
    }

    /// nil where the work is cheap.
    var room: Room? {
        switch self {
        case .logIn: Room(inFlightMax: 32, waitMax: .seconds(2))
        // A form that was filled in may wait, as long as it leaves the threads that hash to log-ins.
        case .registration: Room(inFlightMax: 8, waitMax: .seconds(30))
        case .stream, .general: nil
        }
    }
}
