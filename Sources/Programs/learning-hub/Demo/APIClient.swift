internal import Avro
internal import EventLoop
internal import HTTP

/// Calls the hub from outside, as a browser would.
final class APIClient: Sendable {
    /// Without a trailing slash.
    let address: String
    private let http: HTTPClient
    private let loops: EventLoopGroup
    private static let bodyBytesMax = 4 * 1024 * 1024

    /// - Throws: ``CommandFailure`` for an address that this client cannot call.
    init(address: String) throws {
        if address.hasPrefix("https:") {
            throw CommandFailure(
                "this command does not support TLS; use the gateway's own address, such as http://127.0.0.1:3000")
        }
        var address = address
        while address.hasSuffix("/") { address.removeLast() }
        self.address = address
        loops = try EventLoopGroup(count: 1, name: "client")
        http = HTTPClient(loops: loops)
    }

    struct Answer: Sendable {
        let status: Int
        let correlationID: String?
        let body: JSONTree

        /// A required text of the body.
        func text(_ name: String) throws -> String {
            guard let text = body[name]?.text else { throw CommandFailure("the response has no \(name)") }
            return text
        }
    }

    /// - Parameters:
    ///   - target: path and query.
    ///   - key: an `Idempotency-Key`.
    /// - Throws: ``CommandFailure`` when nothing answers; a refusal is an answer.
    func call(
        _ method: HTTPMethod, _ target: String, json body: JSONTree? = nil, token: String? = nil, key: String? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(method, address + target)
        request.fields["idempotency-key"] = key
        if let body {
            request.fields["content-type"] = "application/json"
            request.body = .bytes(Array(body.compactText().utf8))
        }
        if let token { request.fields["authorization"] = "Bearer \(token)" }
        let response: HTTPClientResponse
        let bytes: [UInt8]
        do {
            response = try await http.send(request, timeout: .seconds(10))
            bytes = try await response.body.collect(bytesMax: Self.bodyBytesMax)
        } catch HTTPClientError.invalidRequest {
            throw CommandFailure(
                "`\(address)` is not the address of a hub; an address looks like http://127.0.0.1:3000")
        } catch {
            throw CommandFailure(
                "\(address) \(Self.failure(error)). Start the hub with `\(Program.name) up`, or use --url for another address."
            )
        }
        return Answer(
            status: response.status.code, correlationID: response.fields["x-correlation-id"],
            body: bytes.isEmpty ? .null : (try? JSONTree(parsing: bytes)) ?? .null)
    }

    private static func failure(_ error: any Error) -> String {
        switch error as? HTTPClientError {
        case .connectFailed: "cannot be reached"
        case .timedOut: "did not respond in time"
        default: "closed the connection before the response was complete"
        }
    }

    /// Polls until `found` returns a value or the time has passed, first often, then seldom: within the hub's rate limits.
    /// - Parameter pause: after the first attempt; it doubles up to a quarter of a second.
    func eventually<Result: Sendable>(
        within limit: Duration, every pause: Duration = .milliseconds(5), _ found: () async throws -> Result?
    ) async throws -> Result? {
        let clock = ContinuousClock()
        let end = clock.now + limit
        var pause = pause
        while clock.now < end {
            if let result = try await found() { return result }
            try await loops.next().sleep(for: pause)
            pause = min(pause * 2, .milliseconds(250))
        }
        return nil
    }

    func close() async {
        await http.close()
        await loops.shutdown()
    }
}
