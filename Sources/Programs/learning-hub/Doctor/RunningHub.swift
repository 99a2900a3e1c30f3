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
        case ready(failing: [String])
        case notReady(failing: [String])
        /// No response; the reason.
        case silent(String)
        /// It listens only on its own machine, which is not this one.
        case outOfReach
    }

    private static let patience: Duration = .seconds(5)
    private static let bodyBytesMax = 64 * 1024

    let instances: [Instance]

    /// Queries every recorded service.
    static func ask(_ records: [ProcessRecord], _ loops: EventLoopGroup) async -> RunningHub {
        let http = HTTPClient(loops: loops)
        let instances = await withTaskGroup(of: (Int, Instance).self) { group in
            for (index, record) in records.enumerated() {
                group.addTask { (index, Instance(record: record, answer: await answer(of: record, http))) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        await http.close()
        return RunningHub(instances: instances.sorted { $0.0 < $1.0 }.map(\.1))
    }

    func instances(of service: ServiceName) -> [Instance] { instances.filter { $0.record.service == service } }

    /// What the service's process was started with, nil when none is known.
    func settings(of service: ServiceName) -> Settings? { instances(of: service).first?.record.settings }

    /// One record of each process.
    var processes: [ProcessRecord] {
        var seen: Set<String> = []
        return instances.map(\.record).filter { seen.insert("\($0.machine) \($0.pid)").inserted }
    }

    private static func answer(of record: ProcessRecord, _ http: HTTPClient) async -> Answer {
        let host = URLComponents(string: record.address)?.host ?? ""
        if record.machine != ThisMachine.name, ServiceDirectory.isOfThisMachine(host) { return .outOfReach }
        do {
            let response = try await http.send(
                HTTPClientRequest(.get, record.address + "/health/ready"), timeout: patience)
            let page = try JSONDecoder().decode(
                ReadyPage.self, from: Data(try await response.body.collect(bytesMax: bodyBytesMax)))
            let failing = page.checks.filter { $0.value != "ok" }.map(\.key).sorted()
            return response.status == .ok ? .ready(failing: failing) : .notReady(failing: failing)
        } catch HTTPClientError.connectFailed {
            return .silent("nobody listens")
        } catch HTTPClientError.timedOut {
            return .silent("no answer within \(patience.shown)")
        } catch {
            return .silent("what answers is no service of the hub")
        }
    }

    private struct ReadyPage: Decodable {
        let checks: [String: String]
    }
}
