public import Contracts
internal import FileTypes
public import Messaging
internal import ObjectStore
public import Platform
public import Postgres

/// Stores uploaded files, creates renditions for browsers, and serves them under signed URLs.
public struct MediaService: HubService {
    public static let name = ServiceName.media
    public static let publishes: [any Event.Type] = [MediaUploaded.self, MediaProcessed.self]
    public static let settings = MediaConfig.declarations
    public static let migrations = Migrations.all

    let operations: Operations

    public init(_ context: ServiceContext) throws {
        try FileType.checkDatabase()
        operations = try Operations(context, MediaConfig(context.settings))
        WorkFolder.removeAbandoned()
    }

    public func addRoutes(to routes: inout Routes) { MediaRoutes(operations: operations).add(to: &routes) }

    public var handlers: [Handler] { Handlers(operations: operations).own }

    /// A separate group, so that transcoding does not wait for erasures or other events.
    public var workers: [Worker] {
        [Worker(group: .transcoder, handlers: Handlers(operations: operations).transcoders)]
    }

    public var tasks: [TaskHandler] {
        let operations = operations
        return [
            TaskHandler(
                Transcode.self, policy: .transcoding,
                onGivenUp: { task, _, tx in try await operations.giveUp(task, on: tx) }
            ) { try await operations.transcode($0, $1) },
            TaskHandler(RemoveObjects.self) { task, _ in try await operations.remove(task) },
            TaskHandler(TellDeletion.self) { task, _ in try await operations.tellDeletion(task) },
        ]
    }

    public var healthChecks: [HealthCheck] {
        let objects = operations.objects
        return [HealthCheck("objects", isVital: false) { try await objects.check() }]
    }

    public var jobs: [Job] {
        let operations = operations
        return [
            Job("expire uploads", every: .seconds(600)) {
                try await operations.expireUploads()
                try await operations.removeAbandonedFolders()
            }
        ]
    }
}

extension TaskPolicy {
    /// ffmpeg may be killed once for a temporary reason, such as lack of memory; three times means that the file is the cause.
    fileprivate static var transcoding: TaskPolicy {
        var policy = TaskPolicy()
        policy.attemptsMax = 3
        policy.timeMax = WorkFolder.timeMax
        policy.concurrencyMax = 1
        return policy
    }
}
