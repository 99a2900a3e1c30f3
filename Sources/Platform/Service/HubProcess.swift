public import Contracts
internal import EventLoop
internal import HTTP
internal import Messaging
public import Observability
internal import Postgres
internal import Secrets

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A process of the hub: some or all services, with their shared parts.
///
/// Services communicate over HTTP and the log only, in one process or in many. In a process they share only threads and the log's
/// driver.
public final class HubProcess: Sendable {
    private let parts: HubParts
    private let services: [RunningService]
    private let upkeep: Supervisor
    private let note: HubProcessNote

    /// Start progress, for display to a person.
    public struct Progress: Sendable {
        public let service: ServiceName
        public let port: Int
        /// The gateway's private port; nil for other services.
        public let privatePort: Int?
    }

    /// How a process handles the log's topics at start.
    public enum Topics: Sendable {
        /// Creates missing topics, as an operator's command does.
        case apply
        /// The same, on another log than before; see ``HubStore/claimLog(adopts:)``.
        case adopt
        /// Refuses to start without the topics it needs: a service has no right to create topics.
        case check
    }

    private init(parts: HubParts, services: [RunningService], upkeep: Supervisor, note: HubProcessNote) {
        self.parts = parts
        self.services = services
        self.upkeep = upkeep
        self.note = note
    }

    /// Starts the services and returns when each of them is ready.
    ///
    /// - Parameters:
    ///   - command: starts such a process again; without the program's name, for a shell.
    ///   - topics: how the log's topics are handled.
    ///   - commit: of the program; nil when it is not known.
    ///   - progress: called as each service becomes ready.
    /// - Throws: ``SettingsError``, ``StartError``, and what a service's own start throws. Nothing is left running then.
    public static func start(
        _ types: [any HubService.Type], command: String, settings: Settings, topics: Topics, commit: String? = nil,
        sink: any LogSink = LogWriter.standardError, progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> HubProcess {
        try requireListening(types, settings)
        let parts = try await HubParts.open(settings, for: types.map { $0.name }, commit: commit, sink: sink)
        let upkeep = Supervisor(loops: parts.loops, logger: parts.logger)
        upkeep.start("event log") { try await parts.log.run() }
        if let requests = parts.requests { upkeep.start("request log") { try await requests.run() } }
        var started: [RunningService] = []
        let note: HubProcessNote
        do {
            try await see(to: topics, parts, upkeep)
            // The gateway starts last, when all services behind it are ready.
            for together in [types.filter { $0.name != .gateway }, types.filter { $0.name == .gateway }] {
                started += try await startTogether(together, parts, progress)
            }
            note = try await writeDown(started, types, command, parts)
        } catch {
            for service in started { await service.stop(within: .zero) }
            await upkeep.stop()
            await parts.close()
            throw error
        }
        upkeep.start("sign of life") { try await parts.showLife(note) }
        return HubProcess(parts: parts, services: started, upkeep: upkeep, note: note)
    }

    /// Checks the addresses of services before the first one starts.
    /// - Throws: ``StartError/portTaken(_:_:)``, ``StartError/cannotListen(_:host:_:reason:)``, ``SettingsError``.
    public static func requireListening(_ types: [any HubService.Type], _ settings: Settings) throws {
        for type in types { try requireListening(type.name, settings) }
    }

    private static func requireListening(_ name: ServiceName, _ settings: Settings) throws {
        let host = try settings.value(PlatformSettings.host(of: name))
        let port = try settings.value(PlatformSettings.port(of: name))
        do {
            try HTTPServer.check(host: host, port: port)
        } catch {
            throw StartError(error, of: name, on: host, port: port)
        }
    }

    /// Records this process for operators: the addresses of its services and its settings.
    private static func writeDown(
        _ started: [RunningService], _ types: [any HubService.Type], _ command: String, _ parts: HubParts
    ) async throws -> HubProcessNote {
        let records = ProcessRecords(parts.store.database)
        let own = try await records.ownAddress()
        let names = started.map(\.name.rawValue)
        // The gateway's private address, which reports failing parts.
        let addresses = try started.map { service in
            let host = try parts.settings.value(
                service.privatePort == nil ? PlatformSettings.host(of: service.name) : PlatformSettings.serviceHost)
            return ServiceDirectory.url(
                host: ["0.0.0.0", "::"].contains(host) ? own : host, port: service.privatePort ?? service.port)
        }
        let given = parts.settings.given(among: PlatformSettings.declarations + types.flatMap { $0.settings })
        let note = HubProcessNote(
            command: command, services: names, addresses: addresses, settings: try JSONValue(encoding: given))
        try await records.forgetDead(before: note)
        try await records.write(note)
        return note
    }

    private static func see(to topics: Topics, _ parts: HubParts, _ upkeep: Supervisor) async throws {
        let left: [TopicChange]
        switch topics {
        case .apply, .adopt:
            try await parts.store.claimLog(adopts: topics == .adopt)
            left = try await parts.store.applyTopics().left
        case .check:
            do {
                try await parts.store.claimLog()
                left = try await planOnceHeardOf(parts)
            } catch EventLogError.unavailable(let reason) {
                // Requests work meanwhile; consumers and relays wait for the log.
                parts.logger.warning("the topics of the log could not be listed", [.reason: .text(reason)])
                return upkeep.start("claim of the log") {
                    try await parts.store.claimLog()
                    parts.logClaim.succeeded()
                }
            }
            let missing = Self.missing(left)
            if !missing.isEmpty { throw StartError.topicsMissing(missing) }
        }
        parts.logClaim.succeeded()
        for change in left {
            parts.logger.warning(
                "a topic differs from the catalogue; `learning-hub topics plan` shows the differences",
                [.reason: .text("\(change)")])
        }
    }

    /// The differences from the catalogue, after waiting until each broker can know topics that another one just created.
    private static func planOnceHeardOf(_ parts: HubParts) async throws -> [TopicChange] {
        let limit = parts.log.topicsHeardOfWithin, end = ContinuousClock.now + limit
        var hasSaid = false
        while true {
            let left = try await parts.log.plan(TopicSettings.catalogue)
            let missing = missing(left)
            if missing.isEmpty || .now >= end { return left }
            if !hasSaid {
                parts.logger.info(
                    "topics are missing; waiting until the brokers know them",
                    [.count: LogValue(missing.count), .reason: .text("for \(limit.components.seconds) s at most")])
                hasSaid = true
            }
            try await parts.loops.next().sleep(for: .milliseconds(500))
        }
    }

    private static func missing(_ changes: [TopicChange]) -> [String] {
        changes.filter { if case .create = $0.kind { true } else { false } }.map(\.topic)
    }

    /// Starts `types` concurrently; when one fails, the others are stopped.
    private static func startTogether(
        _ types: [any HubService.Type], _ parts: HubParts, _ progress: (Progress) -> Void
    ) async throws -> [RunningService] {
        try await withThrowingTaskGroup(of: RunningService.self) { group in
            for type in types {
                group.addTask {
                    let loop = parts.loops.next()
                    return try await loop.run("start \(type.name)") { try await RunningService.start(type, parts) }
                }
            }
            var up: [RunningService] = []
            do {
                for try await service in group {
                    up.append(service)
                    progress(Progress(service: service.name, port: service.port, privatePort: service.privatePort))
                }
            } catch {
                group.cancelAll()
                while let late = await group.nextResult() {
                    if case .success(let service) = late { up.append(service) }
                }
                for service in up { await service.stop(within: .zero) }
                throw error
            }
            return up
        }
    }

    /// The port of a service of this process.
    public func port(of name: ServiceName) -> Int? { services.first { $0.name == name }?.port }

    /// Finishes current requests and batches, within `HUB_DRAIN_TIME`, and stops.
    public func stop() async {
        // The gateway first, so that no new requests arrive meanwhile.
        for service in services where service.name == .gateway { await service.stop(within: parts.drainTime) }
        await withTaskGroup(of: Void.self) { group in
            for service in services where service.name != .gateway {
                group.addTask { await service.stop(within: self.parts.drainTime) }
            }
        }
        await upkeep.stop()
        // Without the database the record stays, and shows no response.
        try? await ProcessRecords(parts.store.database).takeBack(note)
        await parts.close()
    }
}

/// Why a process cannot start, for the person who started it.
public enum StartError: Error, Sendable, CustomStringConvertible {
    case portTaken(ServiceName, Int)
    /// `reason` is the system's: bad address, no right to the port.
    case cannotListen(ServiceName, host: String, Int, reason: String)
    case database(String)
    case topicsMissing([String])
    /// The database belongs to another log.
    /// - Parameter servers: the last known brokers of the known log; nil if it is the database, or none are recorded.
    case anotherLog(known: String, servers: String?, given: String)
    case hubRuns
    case registry(String)
    case objects(String)

    init(_ error: HTTPServerError, of service: ServiceName, on host: String, port: Int) {
        switch error {
        case .addressInUse: self = .portTaken(service, port)
        case .cannotListen(_, _, let code):
            self = .cannotListen(service, host: host, port, reason: String(cString: strerror(code)))
        case .outOfResources, .alreadyStarted: self = .cannotListen(service, host: host, port, reason: "\(error)")
        }
    }

    public var description: String {
        switch self {
        case .portTaken(let service, let port):
            "port \(port) for the \(service) service is in use. Stop the program that uses it, or choose another port with \(PlatformSettings.port(of: service).name)\(service == .gateway ? " or `up --port`" : "")."
        case .cannotListen(let service, let host, let port, let reason):
            "the \(service) service cannot listen on \(host), port \(port): \(reason). Check \(PlatformSettings.host(of: service).name) and the port."
        case .database(let reason): "the database cannot be used: \(reason)"
        case .topicsMissing(let names):
            "the log lacks \(names.count == 1 ? "the topic" : "\(names.count) topics, such as") \(names[0]). Create them with `learning-hub topics apply`."
        case .anotherLog(let known, let servers, let given):
            """
            the hub has used \(known) as its event log until now, and the positions of its groups refer to the records there, but the \
            settings name \(given). Set \(KafkaSettings.bootstrapServers.name) as before\(servers.map { " (\($0))" } ?? ""), or use another \
            database or data folder. Only to change the log, see --adopt-log of `learning-hub up` and `learning-hub topics apply`.
            """
        case .hubRuns:
            "processes of the hub run. Stop them first; one that was killed on another machine counts for 30 s."
        case .objects(let reason):
            "the storage of files cannot be used: \(reason). Check S3_BUCKET, S3_ENDPOINT and the AWS settings, or HUB_OBJECTS_FOLDER."
        case .registry(let reason):
            "the schema registry cannot be used: \(reason). Check \(PlatformSettings.registryAddresses.name) and \(PlatformSettings.registryUserInfo.name)."
        }
    }
}
