internal import Contracts
internal import EventLoop
internal import HTTP
internal import Messaging
internal import ObjectStore
internal import Platform
internal import Postgres
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What can be done with media, one method a use case.
struct Operations: Sendable {
    let database: Database
    let outbox: Outbox
    let tasks: Tasks
    let objects: any ObjectStore
    let client: ServiceClient
    let now: @Sendable () -> Date
    let store = Store()
    let ffmpeg: FFmpeg
    /// Where files of the machine are read and written.
    let files: BlockingPool
    private let addressKey: HMACKey

    init(_ context: ServiceContext, _ config: MediaConfig) throws {
        database = context.database
        outbox = context.outbox
        tasks = context.tasks
        objects = context.objects
        client = ServiceClient(context)
        now = context.clock
        files = context.blockingPool
        addressKey = context.seal.key(for: "media-address")
        ffmpeg = FFmpeg(
            folder: config.ffmpegFolder, timeMax: config.transcodeTime,
            pool: try BlockingPool(name: "ffmpeg", threadCount: 1, queueCountMax: 8, givesWay: true))
    }

    // MARK: Reading

    /// - Throws: ``MediaError/notFound`` also for what is somebody else's.
    func find(_ id: MediaID, for identity: Identity) async throws -> (medium: Medium, renditions: [Rendition]) {
        guard let medium = try await store.find(id, on: database), medium.mayBeSeen(by: identity) else {
            throw MediaError.notFound
        }
        return (medium, try await store.listRenditions(of: id, on: database))
    }

    /// What was made of the media of a lesson.
    func media(of lesson: LessonID) async throws -> [(id: MediaID, renditions: [Rendition])] {
        let found = try await store.listRenditions(of: lesson, on: database)
        return Dictionary(grouping: found, by: \.medium).sorted { $0.key < $1.key }
            .map { ($0.key, $0.value.map(\.rendition)) }
    }

    /// Where a browser finds a rendition for the next hour or two.
    func path(of rendition: Rendition, of id: MediaID) -> String {
        let address = SignedAddress(id, rendition.name, at: now())
        return address.path(signature: Base64URL.encode(addressKey.code(for: address.text)))
    }

    /// The rendition that a signed address names, and for how many seconds the address is still good.
    /// - Throws: ``MediaError/badAddress``, ``MediaError/notFound``.
    func open(_ address: SignedAddress, signature: String) async throws -> (rendition: Rendition, secondsLeft: Int) {
        guard let given = Base64URL.decode(signature), addressKey.isValid(given, for: address.text),
            let secondsLeft = address.secondsLeft(at: now())
        else { throw MediaError.badAddress }
        guard let rendition = try await store.findRendition(address.name, of: address.mediaID, on: database) else {
            throw MediaError.notFound
        }
        return (rendition, secondsLeft)
    }

    // MARK: Forgetting

    /// Removes what a person uploaded, unless it belongs to a course.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) async throws {
        for id in try await store.erasePerson(user, at: time, on: tx) { try enqueueRemoval(of: id, on: tx) }
    }

    /// Removes uploads that nobody completes any more.
    func expireUploads(stepCountMax: Int = 100) async throws {
        let begun = now().addingTimeInterval(-Medium.uploadTimeMax)
        while true {
            let count = try await database.transaction { tx in
                let ids = try await store.deleteUploads(begunBefore: begun, countMax: stepCountMax, on: tx)
                for id in ids { try enqueueRemoval(of: id, on: tx) }
                return ids.count
            }
            if count < stepCountMax { return }
        }
    }

    private func enqueueRemoval(of id: MediaID, on tx: Transaction) throws {
        let prefix = MediaKeys.all(of: id)
        try tasks.enqueue(RemoveObjects(prefix: prefix), key: prefix, on: tx)
    }

    /// Removes objects by the begin of their names.
    func remove(_ task: RemoveObjects) async throws {
        while true {
            let found = try await objects.list(prefix: task.prefix, after: nil, countMax: 100)
            for object in found { try await objects.delete(object.key) }
            if found.count < 100 { return }
        }
    }
}

/// Objects are to go: parts that were put together, or all of a medium that is gone.
struct RemoveObjects: TaskPayload {
    static let kind = "remove-objects"
    let prefix: String
}

extension Medium {
    func mayBeSeen(by identity: Identity) -> Bool {
        guard case .user(let id, let role, _) = identity else { return false }
        return role == .admin || ownerID == id
    }
}
