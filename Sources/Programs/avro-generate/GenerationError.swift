/// Why nothing was generated, for the person who edits the contracts.
struct GenerationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
