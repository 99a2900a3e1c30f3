internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What the service can do. Each use case has its file.
struct Operations: Sendable {
    let database: Database
    let outbox: Outbox
    let services: ServiceClient
    let now: @Sendable () -> Date
    let store = Store()
}
