internal import Contracts
internal import Documents
internal import EventLoop
internal import HTTP
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The service's use cases.
struct Operations: Sendable {
    let database: Database
    let lessons: Lessons
    let addresses: Addresses
    let renderer: MarkdownRenderer
    let cache: Cache
    let now: @Sendable () -> Date
    let store = Store()

    init(_ context: ServiceContext) throws {
        database = context.database
        lessons = Lessons(
            client: ServiceClient(context), database: context.database, now: context.clock, store: store)
        addresses = Addresses(client: ServiceClient(context, lane: "addresses", timeout: Addresses.timeMax))
        // A separate thread, so that long texts do not delay the files of all services.
        renderer = MarkdownRenderer(
            pool: try BlockingPool(name: "markdown", threadCount: 1, queueCountMax: 1_000, givesWay: true))
        cache = context.cache
        now = context.clock
    }

    /// The media of a lesson, for a permitted reader.
    func media(of id: LessonID) async throws -> [Medium] {
        try await addresses.add(to: try await store.listMedia(of: id, on: database), of: id)
    }

    /// - Throws: ``ContentError/unacceptable(message:)`` for text that cannot be rendered.
    func html(of markdown: String) async throws -> String {
        do {
            return try await renderer.html(of: markdown)
        } catch let error as MarkdownError {
            throw try ContentError(error)
        }
    }
}

extension ContentError {
    /// - Throws: errors that the document did not cause.
    fileprivate init(_ error: MarkdownError) throws {
        switch error {
        case .tooLong(let bytesMax): self = .unacceptable(message: "must have at most \(bytesMax) bytes")
        case .tooDeep(let depthMax):
            self = .unacceptable(message: "must not have more than \(depthMax) lists and quotations within each other")
        case .tooComplex: self = .unacceptable(message: "must be simpler: it takes too long to show")
        case .outOfMemory: throw Problem.unavailable
        }
    }
}
