internal import Contracts
internal import Messaging
internal import Postgres

/// A service with its schema and nothing of it started: for commands that act as the service.
public struct WiredService<Service: HubService>: Sendable {
    public let service: Service
    public let context: ServiceContext

    /// Closes what is the service's own; the parts stay open.
    public func close() async { await context.database.close() }
}

extension HubParts {
    /// Brings the service's schema up to date and wires its parts.
    /// - Throws: what the service's own start throws.
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
