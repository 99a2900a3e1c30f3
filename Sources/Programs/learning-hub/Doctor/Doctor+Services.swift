internal import Contracts
internal import Platform

/// Whether the services of a hub run.
extension Doctor {
    /// A finding for each service that the hub should have.
    func services(_ hub: HubStore, _ running: RunningHub, _ shell: Settings) async throws -> [Finding] {
        let settings = running.settings(of: .payment) ?? running.processes.first?.settings ?? shell
        let names = HubServices.started(with: settings).map { $0.name }
        let known = try await ProcessRecords(hub.database).everKnown()
        return names.map { name in
            let instances = running.instances(of: name)
            return instances.isEmpty
                ? missing(name, hasRun: known.contains(name)) : service(name, instances)
        }
    }

    /// Addresses at which processes call services in vain, a finding for each address.
    func addresses(_ running: RunningHub) -> [Finding] {
        Dictionary(grouping: running.deadAddresses, by: \.url).sorted { $0.key < $1.key }.compactMap { url, dead in
            guard let service = dead.first?.service else { return nil }
            let places = running.instances(of: service).map(\.record.address).joined(separator: ", ")
            // Other services do not call every service.
            let isGateway = dead.contains { call in
                running.instances(of: call.caller).contains { $0.record.service == .gateway }
            }
            let callers =
                dead.count == 1
                ? "process \(dead[0].caller.pid) (\(dead[0].caller.command)) calls" : "\(dead.count) processes call"
            return Finding(
                part: "addresses", state: isGateway ? .broken : .odd,
                detail:
                    "\(callers) the \(service) service at \(url), where it does not answer; it listens at \(places)",
                remedy:
                    "start the service with \(PlatformSettings.port(of: service).name) so that it listens there, or restart the callers with \(PlatformSettings.url(of: service).name)=\(places)"
            )
        }
    }

    private func missing(_ name: ServiceName, hasRun: Bool) -> Finding {
        Finding(
            part: "service \(name)", state: hasRun ? .broken : .odd,
            detail: hasRun ? "no process of this service runs" : "this service has never run",
            remedy: "start it: `\(Program.name) serve \(name)`, or all with `\(Program.name) up`")
    }

    /// One ready instance suffices; problems of the others are reported.
    private func service(_ name: ServiceName, _ instances: [RunningHub.Instance]) -> Finding {
        let findings = instances.map { finding(name, $0) }
        guard instances.count > 1 else { return findings[0] }
        let wrong = findings.filter { $0.state != .sound }
        let works = findings.contains { $0.state != .broken }
        let count = findings.count { $0.state != .broken }
        return Finding(
            part: "service \(name)", state: works ? (wrong.isEmpty ? .sound : .odd) : .broken,
            detail: (["\(count) of \(instances.count) processes ready"] + wrong.map(\.detail)).joined(separator: "; "),
            remedy: wrong.first?.remedy)
    }

    private func finding(_ name: ServiceName, _ instance: RunningHub.Instance) -> Finding {
        let record = instance.record, part = "service \(name)"
        let place = "process \(record.pid)\(record.machine == ThisMachine.name ? "" : " on \(record.machine)")"
        let heard = "its last heartbeat was \(Duration.seconds(record.silence).shown) ago"
        switch instance.answer {
        case .ready(let failing) where failing.isEmpty:
            return Finding(part: part, state: .sound, detail: "ready at \(record.address), \(place)")
        case .ready(let failing) where failing.contains { $0.name == HealthCheck.stoppedPartitions }:
            return Finding(
                part: part, state: .broken, detail: "ready at \(record.address), \(place), but \(said(failing))",
                remedy:
                    "their topics were created again: stop the service, run `\(Program.name) groups reset GROUP --to beginning --yes`, and start it"
            )
        case .ready(let failing):
            return Finding(
                part: part, state: .odd, detail: "ready at \(record.address), \(place), but \(said(failing))",
                remedy: "the service works without it; if this lasts, its log gives the reason")
        case .notReady(let failing):
            return Finding(
                part: part, state: .broken, detail: "\(place) at \(record.address) is not ready: \(said(failing))",
                remedy: "see its log")
        case .refused: return silent(part, place, record, "no program listens there, \(heard)")
        case .silent(let reason): return silent(part, place, record, "\(reason), \(heard)")
        case .outOfReach:
            return Finding(
                part: part, state: record.isFresh ? .odd : .broken,
                detail: "\(place) listens at \(record.address), which only its own machine can reach; \(heard)",
                remedy: record.isFresh
                    ? "run `\(Program.name) doctor` on that machine" : "restart it: `\(restart(record))`"
            )
        }
    }

    private func silent(_ part: String, _ place: String, _ record: ProcessRecord, _ reason: String) -> Finding {
        Finding(
            part: part, state: .broken, detail: "\(place) does not answer at \(record.address): \(reason)",
            remedy: record.isFresh
                ? "see its log; if it was killed, restart it: `\(restart(record))`"
                : "restart it: `\(restart(record))`")
    }

    /// The command, after the ports that differ from the defaults: other services call them.
    private func restart(_ record: ProcessRecord) -> String {
        let words = record.command.split(separator: " ")
        let names = words.first == "serve" ? words.dropFirst().map { ServiceName(rawValue: String($0)) } : []
        let ports = names.flatMap { name in
            [PlatformSettings.port(of: name)] + (name == .gateway ? [PlatformSettings.gatewayPrivatePort] : [])
        }.compactMap { setting -> String? in
            guard let port = try? record.settings.optional(setting), port != setting.defaultValue else { return nil }
            return "\(setting.name)=\(port) "
        }
        return ports.joined() + "\(Program.name) \(record.command)"
    }

    private func said(_ failing: [RunningHub.FailingPart]) -> String {
        if failing.isEmpty { return "it is stopping" }
        let names = failing.map { part in part.name + (part.reason.map { " (\($0))" } ?? "") }
        return "\(names.joined(separator: ", ")) \(failing.count == 1 ? "fails" : "fail")"
    }
}
