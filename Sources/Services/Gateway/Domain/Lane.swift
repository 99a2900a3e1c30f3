/// A kind of work, kept apart from the others all the way to the services: a flood of one takes nothing from the rest.
enum Lane: Hashable, CaseIterable {
    /// A password is looked at.
    case logIn
    /// A password is hashed.
    case registration
    case general
}
