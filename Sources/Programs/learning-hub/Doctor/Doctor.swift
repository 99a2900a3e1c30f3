internal import Contracts
internal import Platform

/// Checks a hub part by part. Running processes are checked with their own settings, not this shell's. A part that cannot be checked
/// because another fails says so.
struct Doctor {
    let arguments: Arguments

    /// The data folder of a hub that `up` runs.
    var folder: DataFolder { DataFolder(arguments.text(.data) ?? ".data") }

    func examine() async -> [Finding] {
        let shell: Settings
        do {
            shell = try HubSettings.read()
        } catch {
            return [Finding(part: "configuration", state: .broken, detail: "\(error)", remedy: "repair .env")]
        }
        do {
            return try await OpenHub.with(arguments) { hub in
                let running = await RunningHub.ask(try await ProcessRecords(hub.database).list(), hub.loops)
                return configuration(running, shell) + (await kept(hub, running, shell))
                    + (await surroundings(running, shell))
            }
        } catch {
            let others = ["services"] + Self.kept.dropFirst()
            let without = others.map {
                Finding(part: $0, state: .broken, detail: "cannot be checked without the database")
            }
            return configuration(nil, shell) + [Finding(part: Self.kept[0], state: .broken, detail: "\(error)")]
                + without
                + (await surroundings(RunningHub(instances: []), shell))
        }
    }

    private static let kept = [
        "database", "connections", "log", "groups", "dead letters", "outbox", "registry", "mails", "tasks",
    ]

    private func kept(_ hub: HubStore, _ running: RunningHub, _ shell: Settings) async -> [Finding] {
        let database = await examine("database") { try await server(hub) }
        let services: [Finding]
        do {
            services = try await self.services(hub, running, shell)
        } catch {
            services = [Finding(part: "services", state: .broken, detail: "\(error)")]
        }
        var findings = [database] + services + addresses(running)
        findings.append(await examine("connections") { try await connections(hub, running, shell) })
        findings += await onLog(hub, running)
        findings.append(await examine("outbox") { try await outboxes(hub) })
        findings.append(await examine("registry") { try await registry(hub) })
        findings.append(await examine("mails") { try await mails(hub) })
        findings.append(await examine("tasks") { try await tasks(hub) })
        return findings
    }

    /// The checks that read the log: when it cannot be reached, one timeout is enough.
    private func onLog(_ hub: HubStore, _ running: RunningHub) async -> [Finding] {
        let log: Finding
        do {
            log = try await self.log(hub)
        } catch {
            let name = KafkaSettings.bootstrapServers.name
            // Running processes know the other brokers of the cluster; this one knows only what the setting names.
            let isOne = hub.settings.shown(named: name)?.contains(",") == false
            let remedy =
                "start the brokers, or correct \(name)\(isOne ? "; name several brokers there, so that one may be down" : "")"
            let isOnKafka = hub.settings.isSet(KafkaSettings.bootstrapServers)
            return [Finding(part: "log", state: .broken, detail: "\(error)", remedy: isOnKafka ? remedy : nil)]
                + ["groups", "dead letters"].map {
                    Finding(part: $0, state: .broken, detail: "cannot be checked without the log")
                }
        }
        return [
            log, await examine("groups") { try await groups(hub, running) },
            await examine("dead letters") { try await deadLetters(hub) },
        ]
    }

    private func examine(_ part: String, _ look: () async throws -> Finding) async -> Finding {
        do {
            return try await look()
        } catch {
            return Finding(part: part, state: .broken, detail: "\(error)")
        }
    }

    /// Checks use the settings of the service's process.
    private func surroundings(_ running: RunningHub, _ shell: Settings) async -> [Finding] {
        [
            mail(running.settings(of: .notification) ?? shell, running.settings(of: .gateway) ?? shell), storage(),
            await objects(running, shell), ffmpeg(running.instances(of: .media).first?.record, shell),
        ]
    }
}
