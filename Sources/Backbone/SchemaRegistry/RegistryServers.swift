import Avro
internal import EventLoop
internal import HTTP
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The servers of another registry: a request goes to the one that answered last, and on to the next when that does not.
///
/// Every request of the API may be sent again: registering what is registered gives the same id.
final class RegistryServers: Sendable {
    /// How long a request goes on, and how often.
    struct Patience: Sendable {
        /// Rounds over all addresses.
        var roundsMax = 4
        /// Of one answer, to its last byte.
        var answerTimeMax: Duration = .seconds(3)
        var timeMax: Duration = .seconds(12)
        /// Between two rounds, twice as long each time, with full jitter.
        var pauseBase: Duration = .milliseconds(100)
        var pauseMax: Duration = .seconds(2)
    }

    static let answerBytesMax = 2 * AvroLimits.schemaBytesMax

    let addresses: RegistryAddresses
    private let authorization: String?
    private let http: HTTPClient
    private let loops: EventLoopGroup
    private let patience: Patience
    /// Index of the address that answered last.
    private let preferred = Mutex(0)

    /// - Parameter userInfo: `user:password`.
    init(_ addresses: RegistryAddresses, userInfo: String?, loops: EventLoopGroup, patience: Patience) {
        self.addresses = addresses
        authorization = userInfo.map { "Basic \(Data($0.utf8).base64EncodedString())" }
        http = HTTPClient(loops: loops)
        self.loops = loops
        self.patience = patience
    }

    /// What a server answered, be it a refusal.
    struct Answer: Sendable {
        let status: Int
        let json: JSONTree

        var isSuccess: Bool { (200..<300).contains(status) }
        /// Of a refusal in the form of the API.
        var code: Int64? { json["error_code"]?.integer }
        var message: String { json["message"]?.text ?? "" }
    }

    /// - Parameters:
    ///   - path: with what is not allowed in one escaped.
    ///   - isPatient: false to ask each address once.
    /// - Throws: ``SchemaRegistryError/Kind/unavailable`` with what each address did, ``SchemaRegistryError/Kind/unauthorized``;
    ///   `CancellationError`.
    func send(
        _ method: HTTPMethod, _ path: String, _ body: JSONTree? = nil, isPatient: Bool = true
    ) async throws -> Answer {
        let end = ContinuousClock.now + patience.timeMax
        var failures: [Int: String] = [:]
        var random = SystemRandomNumberGenerator()
        for round in 1...(isPatient ? patience.roundsMax : 1) {
            let first = preferred.withLock { $0 }
            for place in 0..<addresses.urls.count {
                let index = (first + place) % addresses.urls.count
                let left = ContinuousClock.now.duration(to: end)
                if left <= .zero { throw unavailable(failures) }
                switch try await ask(index, method, path, body, timeout: min(left, patience.answerTimeMax)) {
                case .success(let answer):
                    preferred.withLock { $0 = index }
                    return answer
                case .failure(let failure): failures[index] = failure.reason
                }
            }
            if !isPatient || round == patience.roundsMax { break }
            let pause = min(patience.pauseMax, patience.pauseBase * (1 << min(round - 1, 10)))
            try await loops.next().sleep(for: pause * Double.random(in: 0...1, using: &random))
        }
        throw unavailable(failures)
    }

    /// What may be otherwise at another address, or later.
    private struct Failure: Error {
        let reason: String
    }

    private func ask(
        _ index: Int, _ method: HTTPMethod, _ path: String, _ body: JSONTree?, timeout: Duration
    ) async throws -> Result<Answer, Failure> {
        var request = HTTPClientRequest(method, addresses.urls[index] + path)
        request.fields["accept"] = "application/vnd.schemaregistry.v1+json, application/json"
        request.fields["authorization"] = authorization
        if let body {
            request.fields["content-type"] = "application/vnd.schemaregistry.v1+json"
            request.body = .text(body.compactText())
        }
        do {
            let response = try await http.send(request, timeout: timeout)
            let bytes = try await response.body.collect(bytesMax: Self.answerBytesMax)
            return try answer(response.status.code, bytes, from: index)
        } catch HTTPClientError.cancelled, HTTPBodyError.cancelled {
            throw CancellationError()
        } catch let error as HTTPClientError {
            return .failure(Failure(reason: Self.reason(error)))
        } catch let error as HTTPBodyError {
            return .failure(Failure(reason: error == .interrupted ? "broke its answer off" : "gave no whole answer"))
        }
    }

    private func answer(_ status: Int, _ bytes: [UInt8], from index: Int) throws -> Result<Answer, Failure> {
        switch status {
        case 401, 403:
            throw SchemaRegistryError(
                .unauthorized,
                "the schema registry at \(addresses.urls[index]) refuses the credentials it is given (\(status))")
        case 408, 429, 500...: return .failure(Failure(reason: "answered \(status)"))
        case 300..<400: return .failure(Failure(reason: "answered \(status), which leads elsewhere"))
        default: break
        }
        guard let json = try? JSONTree(parsing: bytes, bytesMax: Self.answerBytesMax) else {
            return .failure(Failure(reason: "answered \(status) and no JSON: it is no schema registry"))
        }
        let answer = Answer(status: status, json: json)
        // What a registry does not have it says with a code of its own; 404 alone is of a server that does not know the path.
        if !answer.isSuccess, answer.code == nil || answer.code == 404 {
            return .failure(Failure(reason: "answered \(status) as no schema registry does"))
        }
        return .success(answer)
    }

    private static func reason(_ error: HTTPClientError) -> String {
        switch error {
        case .connectFailed(let reason), .protocolError(let reason): reason
        case .timedOut: "did not answer in time"
        case .bodyTooLarge: "answered more than a schema registry would"
        case .busy: "has too many requests of ours waiting"
        case .invalidRequest: "is no address"
        case .requestBodyFailed, .cancelled: "\(error)"
        }
    }

    private func unavailable(_ failures: [Int: String]) -> SchemaRegistryError {
        let reasons = addresses.urls.enumerated().map { "\($1): \(failures[$0] ?? "was not asked, for want of time")" }
        return SchemaRegistryError(.unavailable, "no schema registry answers: \(reasons.joined(separator: "; "))")
    }
}
