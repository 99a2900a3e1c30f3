import Avro
internal import EventLoop
internal import HTTP
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The servers of an external registry: a request goes to the last server that responded, and to the next one on failure.
///
/// All requests of the API are idempotent: registering an existing schema returns the same id.
final class RegistryServers: Sendable {
    /// The time and retry limits of a request.
    struct Patience: Sendable {
        /// How often all addresses are tried.
        var roundsMax = 4
        /// The timeout of one response, up to its last byte.
        var answerTimeMax: Duration = .seconds(3)
        var timeMax: Duration = .seconds(12)
        /// The delay between two rounds: exponential backoff with full jitter.
        var pauseBase: Duration = .milliseconds(100)
        var pauseMax: Duration = .seconds(2)
    }

    static let answerBytesMax = 2 * AvroLimits.schemaBytesMax

    let addresses: RegistryAddresses
    private let authorization: String?
    private let http: HTTPClient
    private let loops: EventLoopGroup
    private let patience: Patience
    /// The index of the address that responded last.
    private let preferred = Mutex(0)

    /// - Parameter userInfo: `user:password`.
    init(_ addresses: RegistryAddresses, userInfo: String?, loops: EventLoopGroup, patience: Patience) {
        self.addresses = addresses
        authorization = userInfo.map { "Basic \(Data($0.utf8).base64EncodedString())" }
        http = HTTPClient(loops: loops)
        self.loops = loops
        self.patience = patience
    }

    /// A server's response, which may be an error.
    struct Answer: Sendable {
        let status: Int
        let json: JSONTree

        var isSuccess: Bool { (200..<300).contains(status) }
        /// The error code and message in the format of the API.
        var code: Int64? { json["error_code"]?.integer }
        var message: String { json["message"]?.text ?? "" }
    }

    /// - Parameters:
    ///   - path: already percent-encoded.
    ///   - isPatient: false to try each address only once.
    /// - Throws: ``SchemaRegistryError/Kind/unavailable`` with the failure of each address, ``SchemaRegistryError/Kind/unauthorized``;
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

    /// A failure that may not occur at another address, or later.
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
            return .failure(
                Failure(reason: error == .interrupted ? "closed the connection early" : "sent an incomplete response"))
        }
    }

    private func answer(_ status: Int, _ bytes: [UInt8], from index: Int) throws -> Result<Answer, Failure> {
        switch status {
        case 401, 403:
            throw SchemaRegistryError(
                .unauthorized,
                "the schema registry at \(addresses.urls[index]) rejected the credentials (\(status))")
        case 408, 429, 500...: return .failure(Failure(reason: "answered \(status)"))
        case 300..<400: return .failure(Failure(reason: "answered with a redirect (\(status))"))
        default: break
        }
        guard let json = try? JSONTree(parsing: bytes, bytesMax: Self.answerBytesMax) else {
            return .failure(Failure(reason: "answered \(status) without JSON: it is not a schema registry"))
        }
        let answer = Answer(status: status, json: json)
        // A schema registry reports a missing object with an error code; a plain 404 means the server does not know the path.
        if !answer.isSuccess, answer.code == nil || answer.code == 404 {
            return .failure(Failure(reason: "answered \(status) without a schema registry's error code"))
        }
        return .success(answer)
    }

    private static func reason(_ error: HTTPClientError) -> String {
        switch error {
        case .connectFailed(let reason), .protocolError(let reason): reason
        case .timedOut: "did not answer in time"
        case .bodyTooLarge: "sent a response that is too large"
        case .busy: "has too many pending requests"
        case .invalidRequest: "is not a valid address"
        case .requestBodyFailed, .cancelled: "\(error)"
        }
    }

    private func unavailable(_ failures: [Int: String]) -> SchemaRegistryError {
        let reasons = addresses.urls.enumerated().map { "\($1): \(failures[$0] ?? "not tried: time limit reached")" }
        return SchemaRegistryError(.unavailable, "no schema registry responded: \(reasons.joined(separator: "; "))")
    }
}
