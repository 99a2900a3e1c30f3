internal import Contracts
internal import EventLoop
internal import HTTP
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The running part of a hub: the records of its processes, and each service's current response.
struct RunningHub: Sendable {
    struct Instance: Sendable {
        let record: ProcessRecord
        let answer: Answer
    }

    /// A service's readiness.
    enum Answer: Sendable {
        /// Only parts that are not vital fail.
        case ready(failing: [FailingPart])
        case notReady(failing: [FailingPart])
        /// Nothing listens on its port.
        case refused
        /// No response; the reason.
        case silent(String)
        /// It listens only on its own machine, which is not this one.
        case outOfReach

        /// nil when the service did not report its parts.
        var failing: [FailingPart]? {
            switch self {
            case .ready(let failing), .notReady(let failing): failing
            case .refused, .silent, .outOfReach: nil
            }
        }
    }

    /// A part of a service that does not work.
    struct FailingPart: Sendable {
        let name: String
        let reason: String?
    }

    /// An address at which a running process calls a service, and where the service does not answer.
    struct DeadAddress: Sendable {
        let caller: ProcessRecord
        let service: ServiceName
        let url: String
    }

    private static let patience: Duration = .seconds(5)
    private static let bodyBytesMax = 64 * 1024

    let instances: [Instance]
    var deadAddresses: [DeadAddress] = []

    /// Queries every recorded service, and the addresses at which processes of this machine call services of others.
    static func ask(_ records: [ProcessRecord], _ loops: EventLoopGroup) async -> RunningHub {
        let http = HTTPClient(loops: loops)
        let instances = await withTaskGroup(of: (Int, Instance).self) { group in
            for (index, record) in records.enumerated() {
                group.addTask { (index, Instance(record: record, answer: await answer(of: record, http))) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var hub = RunningHub(instances: instances.sorted { $0.0 < $1.0 }.map(\.1))
        hub.deadAddresses = await hub.deadAddresses(http)
        await http.close()
        return hub
    }

    /// Only of services that run: others are reported anyway.
    private func deadAddresses(_ http: HTTPClient) async -> [DeadAddress] {
        let running = Dictionary(grouping: instances.filter { runs($0.record) }, by: \.record.service)
        // A service that does not answer at its own address is reported anyway.
        var answers = Dictionary(instances.map { ($0.record.address, true) }, uniquingKeysWith: { first, _ in first })
        var dead: [DeadAddress] = []
        for caller in processes where caller.machine == ThisMachine.name && runs(caller) {
            let own = Set(instances(of: caller).map(\.record.service))
            // Nothing calls the gateway.
            for service in running.keys.sorted(by: { $0.rawValue < $1.rawValue })
            where service != .gateway && !own.contains(service) {
                guard let url = try? caller.settings.url(of: service) else { continue }
                let isAnswered: Bool
                if let known = answers[url] {
                    isAnswered = known
                } else {
                    isAnswered = await Self.answer(at: url, http).failing != nil
                    answers[url] = isAnswered
                }
                if !isAnswered { dead.append(DeadAddress(caller: caller, service: service, url: url)) }
            }
        }
        return dead
    }

    func instances(of service: ServiceName) -> [Instance] { instances.filter { $0.record.service == service } }

    /// What the service's process was started with, of one that runs if there is one; nil when none is known.
    func settings(of service: ServiceName) -> Settings? {
        let instances = instances(of: service)
        return (instances.first { runs($0.record) } ?? instances.first)?.record.settings
    }

    /// One record of each recorded process, of one that was killed too.
    var processes: [ProcessRecord] {
        var seen: Set<String> = []
        return instances.map(\.record).filter { seen.insert("\($0.machine) \($0.pid)").inserted }
    }

    /// The process's instances of services.
    func instances(of process: ProcessRecord) -> [Instance] {
        instances.filter { $0.record.machine == process.machine && $0.record.pid == process.pid }
    }

    /// Whether a process runs: as its services answer, or by its heartbeat when none of them can be asked.
    func runs(_ process: ProcessRecord) -> Bool {
        let own = instances(of: process)
        if own.contains(where: { $0.answer.failing != nil }) { return true }
        return own.contains { instance in
            if case .refused = instance.answer { false } else { instance.record.isFresh }
        }
    }

    private static func answer(of record: ProcessRecord, _ http: HTTPClient) async -> Answer {
        let host = URLComponents(string: record.address)?.host ?? ""
        if record.machine != ThisMachine.name, ServiceDirectory.isOfThisMachine(host) { return .outOfReach }
        return await answer(at: record.address, http)
    }

    private static func answer(at url: String, _ http: HTTPClient) async -> Answer {
        do {
            let response = try await http.send(
                HTTPClientRequest(.get, url + "/health/ready"), timeout: patience)
            let page = try JSONDecoder().decode(
                ReadyPage.self, from: Data(try await response.body.collect(bytesMax: bodyBytesMax)))
            let failing = page.checks.filter { $0.value != "ok" }.map(\.key).sorted().map {
                FailingPart(name: $0, reason: page.reasons?[$0])
            }
            return response.status == .ok ? .ready(failing: failing) : .notReady(failing: failing)
        } catch HTTPClientError.connectFailed {
            return .refused
        } catch HTTPClientError.timedOut {
            return .silent("no response within \(patience.shown)")
        } catch {
            return .silent("the response is not from a service of the hub")
        }
    }

    private struct ReadyPage: Decodable {
        let checks: [String: String]
        /// Older programs give none.
        let reasons: [String: String]?
    }
}
