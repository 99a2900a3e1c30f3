public import Contracts
public import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

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

    /// Deletes old records of the service's topics: those it writes, and the dead-letter and redrive topics of its groups.
    /// - Returns: how many; 0 where the log's own servers do this.
    public func forgetRecords(of log: any EventLog, at time: Date) async throws -> Int {
        let service = service
        return try await log.enforceRetention(of: { Self.keeper(of: $0) == service }, at: time)
    }

    /// The service that deletes the old records of a topic. Topics that are not in the catalogue, such as those of earlier versions, are
    /// the user service's.
    static func keeper(of topic: String) -> ServiceName {
        TopicCatalogue.topic(named: topic)?.producer
            ?? TopicCatalogue.groups.first { $0.redriveTopic == topic }?.service ?? .user
    }
}
