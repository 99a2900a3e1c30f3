/// Why nothing was generated, for the person who edits the contracts.
public struct GenerationError: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
