internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The service's use cases, each in its own file.
struct Operations: Sendable {
    let database: Database
    let outbox: Outbox
    let tasks: Tasks
    let services: ServiceClient
    let now: @Sendable () -> Date
    let uptime: Uptime
    let limits = Limits()
    let store = Store()
}
