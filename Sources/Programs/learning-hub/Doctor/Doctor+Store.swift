internal import Avro
internal import Contracts
internal import Messaging
internal import Notification
internal import Platform
internal import Postgres
internal import SchemaRegistry

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Checks of database, log and registry, and of pending work.
extension Doctor {
    func server(_ hub: HubStore) async throws -> Finding {
        let row = try await hub.database.query(
            "select current_setting('server_version'), current_setting('server_version_num')::int"
        ).first
        let (version, number): (String, Int32) = try row?.decode(String.self, Int32.self) ?? ("", 0)
        let isNewEnough = number >= 150_000
        return Finding(
            part: "database", state: isNewEnough ? .sound : .broken, detail: "PostgreSQL \(version) answers",
            remedy: isNewEnough ? nil : "use PostgreSQL 15 or newer")
    }

    /// Whether the server allows the connections of all processes, or of one with all services if none runs.
    func connections(_ hub: HubStore, _ running: RunningHub, _ shell: Settings) async throws -> Finding {
        let row = try await hub.database.query(
            """
            select count(*), count(*) filter (where datname = current_database() and application_name like any (array['hub-%', 'learning-hub%']))
            from pg_stat_activity where backend_type = 'client backend'
            """
        ).first
        let room = try await ConnectionBudget.allowance(of: hub.database)
        let (used, own): (Int64, Int64) = try row?.decode(Int64.self, Int64.self) ?? (0, 0)
        let living = running.processes.filter { running.runs($0) }
        let processes = living.map { ($0.settings, running.instances(of: $0).count) }
        // What the processes would open on a server without a limit, and what they open on this one.
        var useful = 0, wanted = 0
        do {
            for (settings, count) in processes.isEmpty ? [(shell, HubServices.all.count)] : processes {
                useful += try ConnectionBudget(settings, serviceCount: count).total
                wanted += try ConnectionBudget(settings, serviceCount: count, allowed: room).total
            }
        } catch let error as StartError {
            return Finding(part: "connections", state: .broken, detail: "\(error)")
        }
        let who =
            processes.isEmpty
            ? "a process with all services opens"
            : processes.count == 1 ? "the running process opens" : "the \(processes.count) running processes open"
        let isEnough = wanted + Int(used - own) <= room
        return Finding(
            part: "connections", state: isEnough ? .sound : .odd,
            detail:
                "\(who) up to \(wanted) connections\(wanted < useful ? " of \(useful) that are of use" : ""); the server allows \(room); \(used) are open\(used > own ? ", \(used - own) of them by others" : "")",
            remedy: isEnough
                ? nil
                : "reduce \(PlatformSettings.databaseConnections.name), or raise max_connections of the server above the sum for all processes"
        )
    }

    func log(_ hub: HubStore) async throws -> Finding {
        let cluster = try await hub.log.cluster(of: TopicSettings.namesOfCatalogue)
        if let cluster, let finding = trouble(of: cluster) { return finding }
        let changes = try await hub.log.plan(TopicSettings.catalogue)
        if let first = changes.first {
            return Finding(
                part: "log", state: .broken,
                detail:
                    "\(changes.count == 1 ? "1 difference" : "\(changes.count) differences") from the catalogue: \(first)",
                remedy:
                    "`\(Program.name) topics plan` shows the differences, `topics apply` resolves those that lose nothing"
            )
        }
        let place = cluster.map { " on Kafka, brokers \($0.servers.joined(separator: ", "))" } ?? ""
        return Finding(part: "log", state: .sound, detail: "\(TopicSettings.catalogue.count) topics\(place)")
    }

    private func trouble(of cluster: LogCluster) -> Finding? {
        let brokers = "brokers \(cluster.servers.joined(separator: ", "))"
        if let first = cluster.leaderless.first {
            return Finding(
                part: "log", state: .broken,
                detail: "\(cluster.leaderless.count) partitions have no leader, among them \(first); \(brokers)",
                remedy: "start the missing brokers; events for these partitions wait in the outboxes")
        }
        if let first = cluster.underReplicated.first {
            return Finding(
                part: "log", state: .odd,
                detail:
                    "\(cluster.underReplicated.count) partitions have too few in-sync replicas, among them \(first); \(brokers)",
                remedy:
                    "start the missing broker, or wait until it has caught up; the loss of another broker can stop the events"
            )
        }
        return nil
    }

    /// Whether every group makes progress: a stopped or blocked one is detected by the age of its unread events.
    func groups(_ hub: HubStore, _ running: RunningHub) async throws -> Finding {
        let now = OpenHub.now
        let late = try await hub.positions().filter { position in
            position.oldestUnprocessed.map { now.timeIntervalSince($0) > Self.lateSeconds } ?? false
        }
        guard let worst = late.min(by: { ($0.oldestUnprocessed ?? now) < ($1.oldestUnprocessed ?? now) }) else {
            return try await strangers(hub, running)
                ?? Finding(part: "groups", state: .sound, detail: "no group is behind")
        }
        let age = Duration.seconds(now.timeIntervalSince(worst.oldestUnprocessed ?? now)).shown
        let more = late.count > 1 ? "; \(late.count) partitions in all" : ""
        let remedy =
            worst.isHeld
            ? "its service reads them; if the lag does not shrink, the log of the service gives the reason"
            : "no consumer reads it; start the \(ConsumerGroup(rawValue: worst.group).service) service"
        return Finding(
            part: "groups", state: .broken,
            detail: "\(worst.group) has a lag of \(worst.lag) in \(worst.partition), the oldest for \(age)\(more)",
            remedy: "\(remedy); `\(Program.name) groups list`")
    }

    /// Members of groups that this hub's processes do not explain: each process has one member in a group of its services. Another hub on
    /// the same cluster would hold a part of the partitions. Nil if there are none.
    private func strangers(_ hub: HubStore, _ running: RunningHub) async throws -> Finding? {
        guard let counts = try await hub.log.memberCounts(of: TopicCatalogue.groups.map(\.rawValue)) else { return nil }
        for group in TopicCatalogue.groups {
            let count = counts[group.rawValue] ?? 0, own = running.instances(of: group.service).count
            guard count > own else { continue }
            return Finding(
                part: "groups", state: .odd,
                detail:
                    "\(group) has \(count) \(count == 1 ? "member" : "members"), but this hub has \(own) \(own == 1 ? "process" : "processes") of its service",
                remedy:
                    "if another hub uses this Kafka cluster, stop it: this hub handles the events of its partitions only afterwards; a member of a killed process leaves within a minute"
            )
        }
        return nil
    }

    func deadLetters(_ hub: HubStore) async throws -> Finding {
        let (letters, hasMore) = try await hub.deadLetters.page()
        if letters.isEmpty { return Finding(part: "dead letters", state: .sound, detail: "none") }
        let count = hasMore ? "more than \(letters.count)" : "\(letters.count)"
        return Finding(
            part: "dead letters", state: .odd,
            detail: count == "1" ? "1 dead letter waits" : "\(count) dead letters wait",
            remedy: "`\(Program.name) dlq list`")
    }

    /// The outcomes of mails that the notification service still stores.
    func mails(_ hub: HubStore) async throws -> Finding {
        let since = OpenHub.now.addingTimeInterval(-Self.lateSeconds)
        guard let counts = try await hub.mails({ try await $0.count(lateSince: since) }) else {
            return Finding(
                part: "mails", state: .sound, detail: "the notification service has never run with this database")
        }
        let detail =
            "\(counts.failed) \(counts.failed == 1 ? "mail" : "mails") failed, \(counts.waiting) wait\(await requested(hub))"
        if counts.failed == 0, counts.late == 0 { return Finding(part: "mails", state: .sound, detail: detail) }
        var remedies = ["`\(Program.name) mail list --state failed` shows the reasons, `mail resend` sends them again"]
        if counts.late > 0 {
            let reason = counts.reason.map { " (the last response: \($0))" } ?? ""
            remedies = ["the notification service retries waiting mails\(reason)"] + (counts.failed > 0 ? remedies : [])
        }
        return Finding(part: "mails", state: .odd, detail: detail, remedy: remedies.joined(separator: "; "))
    }

    /// The requested mails that the service has not read from the log; empty for none, and while the log cannot be read.
    private func requested(_ hub: HubStore) async -> String {
        let positions = (try? await hub.positions(of: .emailSender)) ?? []
        let count = positions.reduce(0) { $0 + $1.lag }
        return count == 0 ? "" : ", \(count) more are requested in the log"
    }

    func tasks(_ hub: HubStore) async throws -> Finding {
        var failed: [String] = []
        for name in HubServices.all.map({ $0.name }) {
            let count = try await hub.tasks(of: name) { try await $0.failedCount() } ?? 0
            if count > 0 { failed.append("\(count) of \(name)") }
        }
        if failed.isEmpty { return Finding(part: "tasks", state: .sound, detail: "none has failed") }
        return Finding(
            part: "tasks", state: .odd, detail: "tasks have failed: \(failed.joined(separator: ", "))",
            remedy: "`\(Program.name) tasks list --state failed` shows the reasons, `tasks retry` repeats them")
    }

    /// An event that waits longer is considered stuck.
    private static let lateSeconds = 60.0

    func outboxes(_ hub: HubStore) async throws -> Finding {
        let names = HubServices.all.filter { !$0.publishes.isEmpty }.map { $0.name.rawValue }
        var waiting: [String] = [], total: Int64 = 0, refusedCount: Int64 = 0, oldest = 0.0
        for name in names {
            let isThere = try await hub.database.query("select to_regclass(\("\(name).outbox")) is not null").first
            guard let isThere, try isThere.decode(Bool.self) else { continue }
            let row = try await hub.database.query(
                """
                select count(*), greatest(0, extract(epoch from clock_timestamp() - min(o.created_at)))::float8,
                    (select count(*) from \(quoted: name).outbox_dead)
                from \(quoted: name).outbox o
                """
            ).first
            guard let (count, age, deadCount) = try row?.decode(Int64.self, Double?.self, Int64.self) else { continue }
            total += count
            oldest = max(oldest, age ?? 0)
            if let age, age > Self.lateSeconds {
                waiting.append(
                    "\(count == 1 ? "1 event of \(name) waits" : "\(count) events of \(name) wait") to be sent, the oldest for \(Duration.seconds(age).shown)"
                )
            }
            if deadCount > 0 {
                refusedCount += deadCount
                waiting.append("the log refused \(deadCount) \(deadCount == 1 ? "event" : "events") of \(name)")
            }
        }
        if waiting.isEmpty {
            let detail =
                total == 0
                ? "no events are waiting"
                : "\(total == 1 ? "1 event is" : "\(total) events are") waiting, the oldest for \(Duration.seconds(oldest).shown)"
            return Finding(part: "outbox", state: .sound, detail: detail)
        }
        return Finding(
            part: "outbox", state: .broken, detail: waiting.joined(separator: "; "),
            remedy: refusedCount > 0
                ? "`\(Program.name) outbox list` shows the reasons; repair the cause, then `outbox resend SERVICE`"
                : "check that the service runs; the log lines of its relay give the reason")
    }

    func registry(_ hub: HubStore) async throws -> Finding {
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
                    : "check \(PlatformSettings.registryAddresses.name)")
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
                remedy: "`\(Program.name) schemas check` lists the violations")
        }
        if versions.contains(event.schema) { return nil }
        return Finding(
            part: "registry", state: .broken, detail: "\(place) lacks this program's version of \(subject)",
            remedy: "register it with `\(Program.name) schemas register`")
    }
}
