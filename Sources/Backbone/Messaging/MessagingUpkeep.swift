public import Contracts
public import Postgres

/// Removes what messaging remembered in the schema of a service once nobody can need it any more. For one process of the service at a time.
public struct MessagingUpkeep: Sendable {
    private let service: ServiceName
    private let database: Database
    private let stepCountMax: Int

    /// - Parameters:
    ///   - database: with the schema of the service.
    ///   - stepCountMax: rows one step removes.
    public init(of service: ServiceName, in database: Database, stepCountMax: Int = 5_000) {
        self.service = service
        self.database = database
        self.stepCountMax = stepCountMax
    }

    /// Removes rows of the inbox whose events cannot come again, what became of old dead letters, and old steps of journeys.
    public func forgetHandled() async throws {
        try await Inbox.removeExpired(stepCountMax: stepCountMax, on: database)
        try await DeadLetters.removeOldResolutions(stepCountMax: stepCountMax, on: database)
        try await Journal.removeOld(stepCountMax: stepCountMax, on: database)
    }

    /// Removes events that the log refused so long ago that nobody drives them again.
    /// - Returns: how many: each is lost for good.
    public func forgetRefused() async throws -> Int {
        try await RefusedEvents(service: service, database: database).removeOld(stepCountMax: stepCountMax)
    }
}
