internal import CMicrohttpd
internal import EventLoop

/// One request and its answer.
///
/// The task that answers may outlive the exchange: it then finds `connection` gone and its answer goes nowhere.
// @unchecked: touched on the loop of its connection alone.
final class Exchange: @unchecked Sendable {
    /// What happens to the bytes of the request's body.
    private enum Intake {
        case none
        /// Small and of known length: read whole before the handler starts.
        case collecting([UInt8])
        case piped(BodyPipe)
        /// Nobody wants them; after so many more the connection is closed.
        case discarding(bytesLeft: Int)
    }

    private weak var connection: ServerConnection?
    private let listener: Listener
    private var request: HTTPRequest
    private let bodyBytesMax: Int
    private var intake = Intake.none
    private(set) var bodyByteCount = 0
    private var isHeld = false
    private var isReceived = false
    private var isQueued = false
    /// Stands until the request is received, then is sent.
    private var answer: HTTPResponse?
    private var task: Task<Void, any Error>?
    private(set) var stream: OutgoingBody?

    init(_ request: HTTPRequest, on connection: ServerConnection, bodyBytesMax: Int) {
        self.connection = connection
        self.listener = connection.listener
        self.request = request
        self.bodyBytesMax = bodyBytesMax
    }

    // MARK: The request arrives

    /// - Returns: false when the announced body is refused without reading it.
    func begin(_ accepted: FrontCheck.Accepted) -> Bool {
        let limits = listener.configuration
        switch accepted.framing {
        case .none: break
        case .length(let length) where length > bodyBytesMax:
            if accepted.expectsContinue || length > limits.bodyBytesDiscarded { return false }
            refuse(.bodyTooLarge)
        case .length(let length) where length <= limits.bodyBytesCollected:
            var bytes: [UInt8] = []
            bytes.reserveCapacity(length)
            intake = .collecting(bytes)
        case .length(let length): pipe(length: length)
        case .chunked: pipe(length: nil)
        }
        return true
    }

    private func pipe(length: Int?) {
        let pipe = BodyPipe(bytesMax: listener.configuration.bodyBytesBuffered) { [weak self, loop = listener.loop] in
            // From wherever the reader is. Not at once even on the loop: the call may come from within a handler's read.
            loop.start("resume a request body") { [weak self] in self?.goOn() }
        }
        intake = .piped(pipe)
        request.body = .stream(BodyPipeReader(pipe), length: length)
        startHandler()
    }

    private func refuse(_ problem: Problem) {
        answer = listener.router.refusal(problem, of: request.fields)
        intake = .discarding(bytesLeft: listener.configuration.bodyBytesDiscarded)
    }

    /// - Returns: how many bytes were taken; fewer than there are holds the sender back. -1 drops the connection.
    func receive(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        if isHeld { return 0 }
        bodyByteCount += bytes.count
        switch intake {
        case .none: return -1
        case .collecting(var collected):
            intake = .none
            collected.append(contentsOf: bytes)
            intake = .collecting(collected)
        case .piped(let pipe):
            if bodyByteCount > bodyBytesMax {
                pipe.fail(.tooLarge(bytesMax: bodyBytesMax))
                task?.cancel()
                refuse(.bodyTooLarge)
            } else if pipe.isAbandoned {
                intake = .discarding(bytesLeft: listener.configuration.bodyBytesDiscarded)
            } else if !pipe.push(Array(bytes)), answer == nil {
                isHeld = true
                connection?.suspend()
            }
        case .discarding(let left):
            if left < bytes.count { return dropWithLastWord() }
            intake = .discarding(bytesLeft: left - bytes.count)
        }
        return bytes.count
    }

    private func dropWithLastWord() -> Int {
        if let lastWord { connection?.sendLastWord(lastWord) }
        return -1
    }

    private func goOn() {
        guard isHeld else { return }
        isHeld = false
        connection?.resume()
    }

    /// The whole request is here.
    func receivedAll() {
        if !isReceived {
            isReceived = true
            switch intake {
            case .collecting(let bytes):
                request.body = .bytes(bytes)
                startHandler()
            case .none: startHandler()
            case .piped(let pipe): pipe.finish()
            case .discarding: break
            }
        }
        if answer != nil { queueAnswer() } else { connection?.suspend() }
    }

    /// The client sent nothing for too long.
    func timeOut() {
        if case .piped(let pipe) = intake { pipe.fail(.timedOut) }
        task?.cancel()
    }

    var isReceiving: Bool { !isReceived && !isHeld }

    /// The answer that waits for the rest of the request. One that is a stream cannot be given at once.
    var lastWord: HTTPResponse? { answer?.body.bytesAtHand == nil ? nil : answer }

    /// Those of the request.
    var fields: HTTPFields { request.fields }

    // MARK: The answer leaves

    private func startHandler() {
        let request = request, handler = listener.handler, route = request.route ?? "no route"
        self.request.body = .empty
        task = listener.loop.start("\(request.method) \(route)") { [self] in
            let response = await handler(request)
            guard let source = give(response) else { return }
            await source.stream.pump(from: source.body)
        }
    }

    /// Takes the handler's answer.
    /// - Returns: what is still to be pumped.
    private func give(_ response: HTTPResponse) -> (stream: OutgoingBody, body: any HTTPBodySource)? {
        listener.loop.preconditionCurrent()
        guard connection != nil, answer == nil else { return nil }
        answer = response.status.code < 200 ? Problem(.internalServerError, "internal").response() : response
        // The library sends nothing before the whole request is here: from now on nothing holds the rest back.
        if isReceived { queueAnswer() } else { goOn() }
        guard case .stream(let source, _) = response.body.storage, sendsBody(response.status) else { return nil }
        let stream = stream ?? makeStream()
        return stream.map { ($0, source) }
    }

    private func sendsBody(_ status: HTTPStatus) -> Bool {
        request.method != .head && status != .noContent && status != .notModified
    }

    private func makeStream() -> OutgoingBody? {
        guard let connection else { return nil }
        let made = OutgoingBody { [weak connection] in connection?.resume() }
        stream = made
        return made
    }

    private func queueAnswer() {
        guard let response = answer, let connection, !isQueued else { return }
        isQueued = true
        switch response.body.storage {
        case .stream where stream == nil: _ = makeStream()
        // The library copies what it is given whole; of a large body it asks for a piece at a time instead.
        case .bytes(let bytes) where bytes.count > ServerConnection.copiedBytesMax: stream = OutgoingBody(bytes)
        default: break
        }
        if connection.queue(response) { connection.resume() } else { connection.hangUp() }
    }

    /// The peer left: nobody waits for the answer.
    func cancel() { task?.cancel() }

    /// Called once, when the last byte is sent or the connection is gone.
    func end(isComplete: Bool) {
        connection = nil
        if !isComplete || stream != nil { task?.cancel() }
        if case .piped(let pipe) = intake { pipe.fail(.interrupted) }
        stream?.close()
    }
}
