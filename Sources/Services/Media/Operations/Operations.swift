internal import Contracts
internal import EventLoop
internal import HTTP
internal import Messaging
internal import ObjectStore
internal import Observability
internal import Platform
internal import Postgres
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The service's use cases, one method each.
struct Operations: Sendable {
    /// Longer than an attempt at transcoding or a request can take: later, nothing that began before a deletion stores an object.
    static let storingTimeMax = WorkFolder.timeMax + .seconds(3_600)

    let database: Database
    let outbox: Outbox
    let tasks: Tasks
    let objects: any ObjectStore
    let client: ServiceClient
    let now: @Sendable () -> Date
    let store = Store()
    let ffmpeg: FFmpeg
    /// The maximum total size of a person's files.
    let quotaBytes: Int
    /// The pool for blocking file operations.
    let files: BlockingPool
    let loops: EventLoopGroup
    private let addressKey: HMACKey

    init(_ context: ServiceContext, _ config: MediaConfig) throws {
        database = context.database
        outbox = context.outbox
        tasks = context.tasks
        objects = context.objects
        client = ServiceClient(context)
        now = context.clock
        files = context.blockingPool
        loops = context.loops
        quotaBytes = config.quotaBytes
        addressKey = context.seal.key(for: "media-address")
        ffmpeg = FFmpeg(
            folder: config.ffmpegFolder, timeMax: config.transcodeTime,
            pool: try BlockingPool(name: "ffmpeg", threadCount: 1, queueCountMax: 8, givesWay: true))
    }

    // MARK: Reading

    /// - Throws: ``MediaError/notFound``, also for another person's medium.
    func find(_ id: MediaID, for identity: Identity) async throws -> (medium: Medium, renditions: [Rendition]) {
        guard let medium = try await store.find(id, on: database), medium.mayBeSeen(by: identity) else {
            throw MediaError.notFound
        }
        return (medium, try await store.listRenditions(of: id, on: database))
    }

    /// The renditions of a lesson's media.
    func media(of lesson: LessonID) async throws -> [(id: MediaID, renditions: [Rendition])] {
        let found = try await store.listRenditions(of: lesson, on: database)
        return Dictionary(grouping: found, by: \.medium).sorted { $0.key < $1.key }
            .map { ($0.key, $0.value.map(\.rendition)) }
    }

    /// The signed URL of a rendition, valid for one to two hours.
    func path(of rendition: Rendition, of id: MediaID) -> String {
        let address = SignedAddress(id, rendition.name, at: now())
        return address.path(signature: Base64URL.encode(addressKey.code(for: address.text)))
    }

    /// The rendition of a signed URL, and the remaining validity in seconds.
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

    // MARK: Deletion, erasure and clean-up

    /// Deletes a medium in any state. Its objects are deleted by a task, and another one tells the content service.
    /// - Throws: ``MediaError/notFound``, also for another person's medium.
    func delete(_ id: MediaID, by identity: Identity) async throws {
        try await database.transaction { tx in
            guard let medium = try await store.lock(id, on: tx), medium.mayBeSeen(by: identity) else {
                throw MediaError.notFound
            }
            store.delete(id, on: tx)
            try enqueueRemoval(of: id, on: tx)
            // Nobody was told of an incomplete upload.
            if medium.state != .uploading {
                try tasks.enqueue(TellDeletion(mediaID: id.rawValue), key: id.rawValue, on: tx)
            }
        }
    }

    /// Tells the content service that a medium was deleted.
    func tellDeletion(_ task: TellDeletion) async throws {
        let id = try MediaID(validating: task.mediaID)
        try await client.delete(.content, "/internal/media/\(id)")
    }

    /// Deletes a person's media, except those that belong to a course.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) async throws {
        for id in try await store.erasePerson(user, at: time, on: tx) { try enqueueRemoval(of: id, on: tx) }
    }

    /// Deletes abandoned uploads.
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

    /// Deletes working folders that killed processes left on this machine.
    func removeAbandonedFolders() async throws { try await files.run { WorkFolder.removeAbandoned() } }

    /// Deletes the objects of a deleted medium at once, and again after ``storingTimeMax``: a process that was storing one meanwhile may
    /// have ended before it deleted it.
    private func enqueueRemoval(of id: MediaID, on tx: Transaction) throws {
        let prefix = MediaKeys.all(of: id)
        try tasks.enqueue(RemoveObjects(prefix: prefix), key: prefix, on: tx)
        let dueAt = now().addingTimeInterval(Self.storingTimeMax / .seconds(1))
        // Without a cause, because an erasure is complete only after all tasks that it caused.
        var trace = TraceContext.current ?? .root()
        trace.causationID = nil
        try TraceContext.$current.withValue(trace) {
            try tasks.enqueue(RemoveObjects(prefix: prefix), key: "\(prefix) again", dueAt: dueAt, on: tx)
        }
    }

    /// Deletes the objects that were stored after a medium was deleted. The key is unique, because an earlier task of this kind may have
    /// ended before the last object was stored.
    func enqueueLateRemoval(of id: MediaID, on tx: Transaction) throws {
        let prefix = MediaKeys.all(of: id)
        try tasks.enqueue(RemoveObjects(prefix: prefix), key: "\(prefix) late \(MediaID.make(at: now()))", on: tx)
    }

    /// Deletes objects by key prefix.
    func remove(_ task: RemoveObjects) async throws {
        while true {
            let found = try await objects.list(prefix: task.prefix, after: nil, countMax: 100)
            for object in found { try await objects.delete(object.key) }
            if found.count < 100 { return }
        }
    }
}

/// The task of deleting objects: parts after assembly, or all objects of a deleted medium.
struct RemoveObjects: TaskPayload {
    static let kind = "remove-objects"
    let prefix: String
}

/// The task of telling the content service that a medium was deleted.
struct TellDeletion: TaskPayload {
    static let kind = "tell-deletion"
    let mediaID: String
}

extension Medium {
    func mayBeSeen(by identity: Identity) -> Bool {
        guard let user = identity.userID else { return false }
        return identity.isAdministrator || ownerID == user
    }
}
