public import Testing

/// Polls a state until `condition` holds, and fails the test after the time limit.
///
/// Wait for a state, never for a time.
/// - Parameter limit: the time that is enough on a machine without other work; a busy one gets three times as much.
public func eventually(
    within limit: Duration = .seconds(10), _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit * 3
    var pause = Duration.milliseconds(1)
    while true {
        if try await condition() { return }
        if clock.now >= end { break }
        try await clock.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(50))
    }
    Issue.record(comment ?? "the state did not come about within \(limit)", sourceLocation: sourceLocation)
    throw EventuallyFailed()
}

/// Like ``eventually(within:_:sourceLocation:_:)``, for a value: returns it when it is not nil.
public func eventually<Value>(
    within limit: Duration = .seconds(10), _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    value: () async throws -> Value?
) async throws -> Value {
    var found: Value?
    try await eventually(within: limit, comment, sourceLocation: sourceLocation) {
        found = try await value()
        return found != nil
    }
    guard let found else { throw EventuallyFailed() }
    return found
}

public struct EventuallyFailed: Error {}
