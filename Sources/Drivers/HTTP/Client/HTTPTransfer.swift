internal import CCurl
internal import EventLoop

/// A request and its response.
// @unchecked: accessed on the loop of its multi only.
final class HTTPTransfer: CurlTransfer, @unchecked Sendable {
    typealias Outcome = Result<HTTPClientResponse, HTTPClientError>

    private let multi: CurlMulti
    private var request: HTTPClientRequest?
    private var timeout: Duration?
    /// `http://host:port` of the URL.
    let origin: String
    /// Set while the transfer waits for a connection: fires when none becomes free in time.
    private var patience: Watch?
    private var timeoutEnd: ContinuousClock.Instant?
    private var continuation: UnsafeContinuation<Outcome, Never>?
    private var isCancelled = false

    // MARK: Request state
    private var outgoing: OutgoingBody?
    private var pump: Task<Void, any Error>?

    // MARK: Response state
    private var head: (status: HTTPStatus, fields: HTTPFields)?
    private var collected: [UInt8] = []
    private var pipe: BodyPipe?
    private var isHeld = false

    init(_ request: HTTPClientRequest, timeout: Duration?, on multi: CurlMulti) {
        self.request = request
        self.origin = Self.origin(of: request.url)
        self.timeout = timeout
        self.multi = multi
    }

    // MARK: Start

    func start(_ continuation: UnsafeContinuation<Outcome, Never>) {
        guard let request, !isCancelled else { return continuation.resume(returning: .failure(.cancelled)) }
        self.continuation = continuation
        guard Self.isURL(request.url), request.method.rawValue.utf8.allSatisfy(isTokenByte) else {
            return resolve(.failure(.invalidRequest))
        }
        switch multi.enter(self) {
        case .goes: begin()
        case .waits: wait()
        case .full: resolve(.failure(.busy))
        }
    }

    private func wait() {
        let limit = multi.configuration.connectionWaitMax
        timeoutEnd = timeout.map { ContinuousClock.now + $0 }
        patience = try? multi.loop.schedule(after: min(timeout ?? limit, limit)) { [weak self] in
            self?.resolve(.failure(.busy))
        }
    }

    /// Stops waiting for a connection.
    var isSettled: Bool { continuation == nil }

    /// A connection is available.
    func begin() {
        guard let request else { return multi.leave(self) }
        if let timeoutEnd { timeout = timeoutEnd - ContinuousClock.now }
        patience?.cancel()
        (self.request, patience) = (nil, nil)
        if case .stream = request.body.storage {
            outgoing = OutgoingBody { [weak self] in
                if let self { multi.resumeSending(self) }
            }
        }
        let isStarted = multi.start(self) { curl, context in start(request, curl, context) }
        guard isStarted else {
            multi.leave(self)
            return resolve(.failure(.busy))
        }
        if let outgoing, case .stream(let source, _) = request.body.storage {
            pump = multi.loop.start("request body") {
                await outgoing.pump(from: source)
            }
        }
    }

    private func start(
        _ request: HTTPClientRequest, _ curl: OpaquePointer, _ context: UnsafeMutableRawPointer
    ) -> OpaquePointer? {
        var raw = hub_curl_request()
        // curl treats 0 as no limit.
        raw.timeout_ms = timeout.map { max(1, $0.milliseconds) } ?? 0
        let silenceMax = request.silenceMax ?? multi.configuration.idleTimeout
        raw.idle_seconds = max(1, Int(silenceMax.components.seconds))
        raw.may_repeat = request.method.isIdempotent ? 1 : 0
        raw.streams_body = outgoing == nil ? 0 : 1
        raw.stream_count = Int64(request.body.length ?? -1)
        let body = request.body.bytesAtHand ?? []
        let fields = request.fields.entries.map {
            hub_curl_field(
                name_start: $0.nameStart, name_count: $0.nameCount, value_start: $0.valueStart,
                value_count: $0.valueCount)
        }
        return request.method.rawValue.withCString { method in
            request.url.withCString { url in
                request.fields.bytes.withUnsafeBufferPointer { bytes in
                    fields.withUnsafeBufferPointer { fields in
                        body.withUnsafeBufferPointer { body in
                            (raw.method, raw.url) = (method, url)
                            (raw.field_bytes, raw.fields, raw.field_count) =
                                (bytes.baseAddress, fields.baseAddress, fields.count)
                            (raw.body, raw.body_count) = (body.baseAddress, body.count)
                            return hub_curl_start(curl, &raw, context)
                        }
                    }
                }
            }
        }
    }

    /// Refuses what curl would silently repair or guess; curl checks the rest.
    private static func isURL(_ url: String) -> Bool {
        guard url.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { return false }
        return equalsIgnoringCase(url.utf8.prefix(7), "http://".utf8)
            || equalsIgnoringCase(url.utf8.prefix(8), "https://".utf8)
    }

    private static func origin(of url: String) -> String {
        var slashes = 0
        let origin = url.utf8.prefix { byte in
            if byte == UInt8(ascii: "/") { slashes += 1 }
            return slashes < 3
        }
        return String(Substring(origin))
    }

    /// The caller was cancelled.
    func cancel() {
        isCancelled = true
        // Once there is a response, its reader decides when to stop.
        guard continuation != nil else { return }
        multi.cancel(self)
        wasCancelled()
    }

    // MARK: The response

    override func received(status: Int, fields: HTTPFields) {
        head = (HTTPStatus(status), fields)
        multi.gotHead(self)
    }

    override func received(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32 {
        if let pipe {
            if pipe.isAbandoned { return Int32(HUB_CURL_BODY_ABORT) }
            if isHeld { return Int32(HUB_CURL_BODY_LATER) }
            isHeld = !pipe.push(Array(bytes))
            return Int32(HUB_CURL_BODY_TAKEN)
        }
        collected.append(contentsOf: bytes)
        return Int32(HUB_CURL_BODY_TAKEN)
    }

    /// The header is complete but the body is not: returns a stream.
    func deliverStream() {
        guard handle != nil, let head, pipe == nil, continuation != nil else { return }
        let pipe = BodyPipe(bytesMax: multi.configuration.bodyBytesBuffered) { [weak self, loop = multi.loop] in
            loop.start("resume a response body") { [weak self] in self?.goOn() }
        }
        self.pipe = pipe
        if !collected.isEmpty { isHeld = !pipe.push(collected) }
        collected = []
        let length = head.fields["content-length"].flatMap { Int($0) }
        let body = HTTPBody.stream(BodyPipeReader(pipe), length: length)
        resolve(.success(HTTPClientResponse(status: head.status, fields: head.fields, body: body)))
    }

    private func goOn() {
        guard let pipe, handle != nil else { return }
        if pipe.isAbandoned {
            multi.cancel(self)
            end()
        } else if isHeld {
            isHeld = false
            multi.resumeReceiving(self)
        }
    }

    // MARK: The end

    override func read(into buffer: UnsafeMutableRawBufferPointer) -> OutgoingRead {
        outgoing?.read(into: buffer) ?? .broken
    }

    override func done(_ outcome: Int32, code: Int, message: String) {
        multi.forget(self)
        defer { end() }
        if outcome == HUB_CURL_OK {
            pipe?.finish()
            guard let head else { return resolve(.failure(.protocolError("no response"))) }
            return resolve(
                .success(HTTPClientResponse(status: head.status, fields: head.fields, body: .bytes(collected))))
        }
        let error = error(outcome, message)
        pipe?.fail(bodyError(error))
        resolve(.failure(error))
    }

    private func error(_ outcome: Int32, _ message: String) -> HTTPClientError {
        switch outcome {
        case Int32(HUB_CURL_INVALID): .invalidRequest
        case Int32(HUB_CURL_CONNECT): .connectFailed(message)
        case Int32(HUB_CURL_TIMED_OUT) where outgoing?.isStarved == true: .requestBodyFailed
        case Int32(HUB_CURL_TIMED_OUT): .timedOut
        case Int32(HUB_CURL_ABORTED) where outgoing?.didFail == true: .requestBodyFailed
        default: .protocolError(message)
        }
    }

    private func bodyError(_ error: HTTPClientError) -> HTTPBodyError {
        error == .timedOut ? .timedOut : .interrupted
    }

    override func wasCancelled() {
        pipe?.fail(.interrupted)
        resolve(.failure(.cancelled))
        end()
    }

    private func end() {
        pump?.cancel()
        pump = nil
        outgoing?.close()
    }

    private func resolve(_ outcome: Outcome) {
        patience?.cancel()
        patience = nil
        continuation?.resume(returning: outcome)
        continuation = nil
    }
}
