public import Contracts
public import Postgres

/// Deletes expired messaging data in the schema of a service. Run it in one process of the service at a time.
public struct MessagingUpkeep: Sendable {
    private let service: ServiceName
    private let database: Database
    private let stepCountMax: Int

    /// - Parameters:
    ///   - database: contains the schema of the service.
    ///   - stepCountMax: the maximum number of rows deleted per step.
    public init(of service: ServiceName, in database: Database, stepCountMax: Int = 5_000) {
        self.service = service
        self.database = database
        self.stepCountMax = stepCountMax
    }

    /// Deletes expired inbox rows, resolutions of dead letters, and steps of the journal.
    public func forgetHandled() async throws {
        try await Inbox.removeExpired(stepCountMax: stepCountMax, on: database)
        try await DeadLetters.removeOldResolutions(stepCountMax: stepCountMax, on: database)
        try await Journal.removeOld(stepCountMax: stepCountMax, on: database)
    }

    /// Deletes refused events after their retention.
    /// - Returns: how many; these events are lost permanently.
    public func forgetRefused() async throws -> Int {
        try await RefusedEvents(service: service, database: database).removeOld(stepCountMax: stepCountMax)
    }
}
