internal import Avro
internal import Contracts
internal import EventLoop
internal import Gateway
internal import HTTP
internal import Mail
internal import Messaging
internal import Notification
internal import ObjectStore
internal import Platform
internal import Postgres
internal import SchemaRegistry

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Examines a hub, part by part. A part that cannot be looked at because another is broken says so.
struct Doctor {
    let arguments: Arguments

    func examine() async -> [Finding] {
        let settings: Settings
        do {
            // Those of the hub that runs, else those it would be started with.
            settings = try (try? HubLocation.settings(arguments)) ?? HubSettings.read()
        } catch {
            return [Finding(part: "configuration", state: .broken, detail: "\(error)", remedy: "repair .env")]
        }
        return configuration(settings) + (await database(settings))
            + [await mail(settings), storage(), await objects(settings), ffmpeg(settings)]
    }

    // MARK: Configuration

    private func configuration(_ settings: Settings) -> [Finding] {
        let declarations = HubServices.settings
        let part = "configuration"
        var findings = declarations.compactMap { settings.complaint(about: $0) }.map {
            Finding(
                part: part, state: .broken, detail: "\($0)", remedy: "`\(Program.name) config` lists what is expected")
        }
        findings += settings.unknownNames(among: declarations).map {
            Finding(part: part, state: .odd, detail: "\($0) is no setting", remedy: "is it misspelt? It has no effect")
        }
        if settings.shown(named: "HUB_RATE_LIMITS") == "off" {
            findings.append(
                Finding(
                    part: part, state: .odd, detail: "rate limits are off",
                    remedy: "unset HUB_RATE_LIMITS but for load tests"))
        }
        if let host = settings.shown(named: PlatformSettings.serviceHost.name), !ServiceDirectory.isOfThisMachine(host)
        {
            findings.append(
                Finding(
                    part: part, state: .odd, detail: "the services listen on \(host), not on this machine alone",
                    remedy:
                        "unset \(PlatformSettings.serviceHost.name), unless a network keeps strangers from their ports")
            )
        }
        if findings.isEmpty {
            findings.append(
                Finding(
                    part: part, state: .sound, detail: "\(declarations.count) settings, all of a kind that is accepted")
            )
        }
        return findings
    }

    // MARK: Database, log and registry

    private func database(_ settings: Settings) async -> [Finding] {
        do {
            return try await OpenHub.with(arguments) { hub in
                [
                    await examine("database") { try await server(hub) },
                    await examine("connections") { try await connections(hub, settings) },
                    await examine("log") { try await log(hub) },
                    await examine("groups") { try await groups(hub) },
                    await examine("dead letters") { try await deadLetters(hub) },
                    await examine("outbox") { try await outboxes(hub) },
                    await examine("registry") { try await registry(hub) },
                    await examine("mails") { try await mails(hub) },
                ]
            }
        } catch {
            let others = ["connections", "log", "groups", "dead letters", "outbox", "registry", "mails"].map {
                Finding(part: $0, state: .broken, detail: "cannot be examined without the database")
            }
            return [Finding(part: "database", state: .broken, detail: "\(error)")] + others
        }
    }

    private func examine(_ part: String, _ look: () async throws -> Finding) async -> Finding {
        do {
            return try await look()
        } catch {
            return Finding(part: part, state: .broken, detail: "\(error)")
        }
    }

    private func server(_ hub: HubStore) async throws -> Finding {
        let row = try await hub.database.query(
            "select current_setting('server_version'), current_setting('server_version_num')::int"
        ).first
        let (version, number): (String, Int32) = try row?.decode(String.self, Int32.self) ?? ("", 0)
        let isNewEnough = number >= 150_000
        return Finding(
            part: "database", state: isNewEnough ? .sound : .broken, detail: "PostgreSQL \(version) answers",
            remedy: isNewEnough ? nil : "use PostgreSQL 15 or newer")
    }

    /// Whether the server has room for what a process may open. How many processes there are nobody knows here.
    private func connections(_ hub: HubStore, _ settings: Settings) async throws -> Finding {
        let row = try await hub.database.query(
            """
            select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
                (select count(*) from pg_stat_activity where backend_type = 'client backend')
            """
        ).first
        let (room, used): (Int32, Int64) = try row?.decode(Int32.self, Int64.self) ?? (0, 0)
        let wanted = try ConnectionBudget(settings, serviceCount: HubServices.all.count).total
        let isEnough = wanted <= Int(room)
        return Finding(
            part: "connections", state: isEnough ? .sound : .odd,
            detail:
                "a process of all services opens up to \(wanted), the server allows \(room), \(used) are open",
            remedy: isEnough
                ? nil
                : "set \(PlatformSettings.databaseConnections.name) or raise the server's max_connections: it must hold all processes together"
        )
    }

    private func log(_ hub: HubStore) async throws -> Finding {
        let cluster = try await hub.log.cluster()
        if let cluster, let finding = trouble(of: cluster) { return finding }
        let changes = try await hub.log.plan(TopicSettings.catalogue)
        if let first = changes.first {
            return Finding(
                part: "log", state: .broken,
                detail:
                    "\(changes.count == 1 ? "a topic differs" : "\(changes.count) things differ") from the catalogue: \(first)",
                remedy: "`\(Program.name) topics plan` shows it all, `topics apply` makes it good")
        }
        let place = cluster.map { " on Kafka, brokers \($0.servers.joined(separator: ", "))" } ?? ""
        return Finding(part: "log", state: .sound, detail: "\(TopicSettings.catalogue.count) topics\(place)")
    }

    private func trouble(of cluster: LogCluster) -> Finding? {
        let brokers = "brokers \(cluster.servers.joined(separator: ", "))"
        if let first = cluster.leaderless.first {
            return Finding(
                part: "log", state: .broken,
                detail: "\(cluster.leaderless.count) partitions have no leader, \(first) for one; \(brokers)",
                remedy: "start the brokers that are missing: what is for these partitions waits in the outboxes")
        }
        if let first = cluster.underReplicated.first {
            return Finding(
                part: "log", state: .odd,
                detail:
                    "\(cluster.underReplicated.count) partitions have fewer copies in sync than they should, \(first) for one; \(brokers)",
                remedy: "start the broker that is missing, or let it catch up: another one less may stop the events")
        }
        return nil
    }

    /// Whether every group goes on: one whose service is gone, or that waits for something, is found by the age of what it has not read.
    private func groups(_ hub: HubStore) async throws -> Finding {
        let now = OpenHub.now
        let late = try await hub.log.positions(of: nil).filter { position in
            position.oldestUnprocessed.map { now.timeIntervalSince($0) > Self.lateSeconds } ?? false
        }
        guard let worst = late.min(by: { ($0.oldestUnprocessed ?? now) < ($1.oldestUnprocessed ?? now) }) else {
            return Finding(part: "groups", state: .sound, detail: "no group is behind")
        }
        let age = Duration.seconds(now.timeIntervalSince(worst.oldestUnprocessed ?? now)).shown
        let more = late.count > 1 ? "; \(late.count) partitions in all" : ""
        let remedy =
            worst.isHeld
            ? "its service runs and gets no further: its log lines say what fails or what it waits for"
            : "no member reads it: start the \(ConsumerGroup(rawValue: worst.group).service) service"
        return Finding(
            part: "groups", state: .broken,
            detail: "\(worst.group) is behind by \(worst.lag) in \(worst.partition), for \(age) by now\(more)",
            remedy: "\(remedy); `\(Program.name) groups list`")
    }

    private func deadLetters(_ hub: HubStore) async throws -> Finding {
        let (letters, hasMore) = try await hub.deadLetters.page()
        if letters.isEmpty { return Finding(part: "dead letters", state: .sound, detail: "none") }
        let count = hasMore ? "more than \(letters.count)" : "\(letters.count)"
        return Finding(
            part: "dead letters", state: .odd,
            detail: count == "1" ? "1 dead letter waits" : "\(count) dead letters wait",
            remedy: "`\(Program.name) dlq list`")
    }

    /// What became of mails, as long as the notification service remembers.
    private func mails(_ hub: HubStore) async throws -> Finding {
        let since = OpenHub.now.addingTimeInterval(-Self.lateSeconds)
        guard let counts = try await hub.mails({ try await $0.count(lateSince: since) }) else {
            return Finding(part: "mails", state: .sound, detail: "no notification service has been here yet")
        }
        let detail = "\(counts.failed) \(counts.failed == 1 ? "mail" : "mails") failed, \(counts.waiting) wait"
        if counts.failed == 0, counts.late == 0 { return Finding(part: "mails", state: .sound, detail: detail) }
        var remedies = ["`\(Program.name) mail list --state failed` says why, `mail resend` sends them again"]
        if counts.late > 0 {
            let reason = counts.reason.map { " (the last answer: \($0))" } ?? ""
            remedies = ["what waits is tried again\(reason)"] + (counts.failed > 0 ? remedies : [])
        }
        return Finding(part: "mails", state: .odd, detail: detail, remedy: remedies.joined(separator: "; "))
    }

    /// An event that waits longer is not on its way any more.
    private static let lateSeconds = 60.0

    private func outboxes(_ hub: HubStore) async throws -> Finding {
        let names = HubServices.all.filter { !$0.publishes.isEmpty }.map { $0.name.rawValue }
        var waiting: [String] = []
        for name in names {
            let isThere = try await hub.database.query("select to_regclass(\("\(name).outbox")) is not null").first
            guard let isThere, try isThere.decode(Bool.self) else { continue }
            let late = try await hub.database.query(
                """
                select count(*) filter (where o.created_at < clock_timestamp() - make_interval(secs => \(Self.lateSeconds))),
                    (select count(*) from \(quoted: name).outbox_dead)
                from \(quoted: name).outbox o
                """
            ).first
            let (lateCount, deadCount): (Int64, Int64) = try late?.decode(Int64.self, Int64.self) ?? (0, 0)
            if lateCount > 0 { waiting.append("\(lateCount) events of \(name) wait to be sent") }
            if deadCount > 0 {
                waiting.append("\(deadCount) events of \(name) were refused by the log (\(name).outbox_dead)")
            }
        }
        if waiting.isEmpty { return Finding(part: "outbox", state: .sound, detail: "no event waits to be sent") }
        return Finding(
            part: "outbox", state: .broken, detail: waiting.joined(separator: "; "),
            remedy: "does the service run? Its log lines of the relay say more")
    }

    private func registry(_ hub: HubStore) async throws -> Finding {
        let another = (hub.registry as? ConfluentSchemaRegistry)?.addresses.urls.joined(separator: ", ")
        let place = another ?? "the hub's own registry"
        do {
            for event in EventCatalogue.all {
                if let finding = try await schema(of: event, in: hub.registry, at: place) { return finding }
            }
        } catch let error as SchemaRegistryError {
            return Finding(
                part: "registry", state: .broken, detail: error.description,
                remedy: error.kind == .unauthorized
                    ? "set \(PlatformSettings.registryUserInfo.name) to user:password"
                    : "see \(PlatformSettings.registryAddresses.name)")
        }
        return Finding(
            part: "registry", state: .sound, detail: "\(EventCatalogue.all.count) schemas, all registered at \(place)")
    }

    /// - Returns: nil when nothing is wrong with it.
    private func schema(
        of event: any Event.Type, in registry: any SchemaRegistry, at place: String
    ) async throws -> Finding? {
        let subject = event.topic.valueSubject
        let versions = try await registry.versions(subject: subject).map(\.schema)
        let broken = CompatibilityMode.fullTransitive.violations(of: event.schema, after: versions)
        if let first = broken.first {
            return Finding(
                part: "registry", state: .broken, detail: "\(subject): \(first)",
                remedy: "`\(Program.name) schemas check`")
        }
        if versions.contains(event.schema) { return nil }
        return Finding(
            part: "registry", state: .broken, detail: "\(place) lacks this program's version of \(subject)",
            remedy: "`\(Program.name) schemas register`")
    }

    // MARK: Mail and storage

    private func mail(_ settings: Settings) async -> Finding {
        let setting = Setting<String>("SMTP_URL", "")
        guard let text = try? settings.optional(setting) else {
            let detail = "no SMTP_URL: mail goes to the development mailbox, GET /dev/mailbox"
            let host = settings.shown(named: PlatformSettings.host.name) ?? ""
            if ServiceDirectory.isOfThisMachine(host) { return Finding(part: "mail", state: .sound, detail: detail) }
            return Finding(
                part: "mail", state: .odd, detail: "\(detail), which whoever reaches \(host) may read",
                remedy: "set SMTP_URL where others than developers come in")
        }
        do {
            let url = try SMTPURL(text)
            try Reach.check(host: url.host, port: url.port)
            return Finding(part: "mail", state: .sound, detail: "\(url) takes connections")
        } catch {
            return Finding(
                part: "mail", state: .broken, detail: "SMTP_URL: \(error)",
                remedy: "expected smtp://user:password@host:587 of a server that is up")
        }
    }

    private func storage() -> Finding {
        let folder = DataFolder(arguments.text(.data) ?? ".data")
        guard let free = freeBytes(at: folder.existing) else {
            return Finding(part: "storage", state: .broken, detail: "\(folder.existing) cannot be examined")
        }
        let text = "\(free / 1_048_576) MB free at \(folder.existing)"
        if !FileManager.default.isWritableFile(atPath: folder.existing) {
            return Finding(
                part: "storage", state: .broken, detail: "\(folder.existing) cannot be written",
                remedy: "see its owner and mode")
        }
        if free < Self.freeBytesMin {
            return Finding(part: "storage", state: .odd, detail: text, remedy: "make room before the database stops")
        }
        return Finding(part: "storage", state: .sound, detail: text)
    }

    /// Whether the bucket can be used. A folder lies on the disk that was examined.
    private func objects(_ settings: Settings) async -> Finding {
        guard settings.isSet(ObjectSettings.bucket) else {
            return Finding(part: "objects", state: .sound, detail: "no S3_BUCKET: files are kept in a folder")
        }
        do {
            let loops = try EventLoopGroup(count: 1, name: "doctor")
            let pool = try BlockingPool(name: "doctor", threadCount: 1, queueCountMax: 1)
            defer { pool.shutdown() }
            let client = HTTPClient(loops: loops)
            try await settings.objects(pool, client) { OpenHub.now }.check()
            return Finding(part: "objects", state: .sound, detail: "the bucket answers")
        } catch {
            return Finding(
                part: "objects", state: .broken, detail: "the bucket cannot be used: \(error)",
                remedy: "see S3_ENDPOINT, S3_BUCKET and the AWS settings")
        }
    }

    /// What the media service makes of uploads is made by these programs.
    private func ffmpeg(_ settings: Settings) -> Finding {
        let name = "HUB_FFMPEG_FOLDER", folder = settings.shown(named: name) ?? ""
        let missing = ["ffmpeg", "ffprobe"].filter { !FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)") }
        if missing.isEmpty { return Finding(part: "ffmpeg", state: .sound, detail: "it is in \(folder)") }
        return Finding(
            part: "ffmpeg", state: .odd,
            detail:
                "\(missing.joined(separator: " and ")) cannot be run in \(folder): of films and pictures nothing is made",
            remedy: "install ffmpeg where the media service runs, or see \(name)")
    }

    private static let freeBytesMin: Int64 = 1024 * 1_048_576
}

extension Settings {
    /// As ``shown(_:)``, for a setting that some service declares.
    fileprivate func shown(named name: String) -> String? {
        HubServices.settings.first { $0.name == name }.flatMap { shown($0) }
    }
}

extension DataFolder {
    /// The folder itself, or the one above that it will be made in.
    fileprivate var existing: String {
        var path = path
        while !FileManager.default.fileExists(atPath: path), let slash = path.lastIndex(of: "/"), path.count > 1 {
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
        return path
    }
}
