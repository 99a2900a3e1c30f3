internal import Contracts
internal import Messaging
internal import Postgres

/// A service with its schema but nothing started: for commands that act as the service.
public struct WiredService<Service: HubService>: Sendable {
    public let service: Service
    public let context: ServiceContext

    /// Closes the service's database; the parts stay open.
    public func close() async { await context.database.close() }
}

extension HubParts {
    /// Migrates the service's schema and wires its parts.
    /// - Throws: errors of the service's start.
    public func wire<Service: HubService>(_ type: Service.Type) async throws -> WiredService<Service> {
        let context = try await context(for: type)
        do {
            return WiredService(service: try await type.init(context), context: context)
        } catch {
            await context.database.close()
            throw error
        }
    }
}
