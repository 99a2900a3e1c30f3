internal import EventLoop

/// One request and its response.
///
/// The handler's task may outlive the exchange; `connection` is then nil and the response is dropped.
// @unchecked: accessed on the loop of its connection only.
final class Exchange: @unchecked Sendable {
    /// How the bytes of the request body are handled.
    private enum Intake {
        case none
        /// Small and of known length: read completely before the handler starts.
        case collecting([UInt8])
        case piped(BodyPipe)
        /// Nobody reads them; after this many more bytes the connection is closed.
        case discarding(bytesLeft: Int)
    }

    let head: RequestHead
    private weak var connection: ServerConnection?
    private let listener: Listener
    private var request: HTTPRequest
    private let bodyBytesMax: Int
    private var intake = Intake.none
    private(set) var bodyByteCount = 0
    /// Reading of the body is paused.
    private(set) var isHeld = false
    /// The client waits for `100 Continue` before it sends the body.
    private var awaitsContinue = false
    /// The unread body exceeds the discard limit: the response is sent without waiting for the rest.
    private var isGivenUp = false
    private var isReceived = false
    /// Held until the request is received, then sent.
    private var answer: HTTPResponse?
    private var task: Task<Void, any Error>?
    /// Whether the response is a stream whose head is being sent; nil until known.
    private var isStreaming: Bool?
    /// The task's continuation while it waits for that.
    private var streamer: UnsafeContinuation<Bool, Never>?

    init(_ request: HTTPRequest, _ head: RequestHead, on connection: ServerConnection, bodyBytesMax: Int) {
        self.head = head
        self.connection = connection
        self.listener = connection.listener
        self.request = request
        self.bodyBytesMax = bodyBytesMax
    }

    // MARK: The request arrives

    /// - Throws: the refusal of an announced body that will not be read.
    func begin() throws(Problem) {
        let limits = listener.configuration
        switch head.framing.body {
        case .none: break
        case .length(let length) where length > bodyBytesMax:
            if head.framing.expectsContinue || length > limits.bodyBytesDiscarded { throw .bodyTooLarge }
            refuse(.bodyTooLarge)
        case .length(let length) where length <= limits.bodyBytesCollected:
            var bytes: [UInt8] = []
            bytes.reserveCapacity(length)
            intake = .collecting(bytes)
            if head.framing.expectsContinue { connection?.sendContinue() }
        case .length(let length): pipe(length: length)
        case .chunked: pipe(length: nil)
        }
    }

    private func pipe(length: Int?) {
        isHeld = head.framing.expectsContinue
        awaitsContinue = isHeld
        let pipe = BodyPipe(bytesMax: listener.configuration.bodyBytesBuffered, isHeld: isHeld) {
            [weak self, loop = listener.loop] in
            // The reader may be on any thread. Deferred even on the loop: the call may come from within a handler's read.
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

    func receive(_ bytes: [UInt8]) {
        bodyByteCount += bytes.count
        switch intake {
        case .none: break
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
            } else if !pipe.push(bytes), answer == nil {
                isHeld = true
            }
        case .discarding(let left):
            intake = .discarding(bytesLeft: left - bytes.count)
            if left < bytes.count { giveUp() }
        }
    }

    /// Sends the response at once, or as soon as it exists, and then closes the connection.
    private func giveUp() {
        isGivenUp = true
        isHeld = true
        if answer != nil { sendAnswer() }
    }

    private func goOn() {
        guard isHeld, !isGivenUp else { return }
        if awaitsContinue {
            // A handler that released the body does not need it: its response replaces `100 Continue`.
            if case .piped(let pipe) = intake, pipe.isAbandoned { return }
            awaitsContinue = false
            connection?.sendContinue()
        }
        isHeld = false
        connection?.goOnReading()
    }

    /// The whole request has arrived.
    func receivedAll() {
        isReceived = true
        switch intake {
        case .collecting(let bytes):
            request.body = .bytes(bytes)
            startHandler()
        case .none: startHandler()
        case .piped(let pipe): pipe.finish()
        case .discarding: break
        }
        if answer != nil { sendAnswer() }
    }

    /// The client sent nothing within the timeout.
    func timeOut() {
        if case .piped(let pipe) = intake { pipe.fail(.timedOut) }
        task?.cancel()
    }

    var isReceiving: Bool { !isReceived && !isHeld }

    /// The response that waits for the rest of the request. A streamed response cannot be sent early.
    var lastWord: HTTPResponse? { answer?.body.bytesAtHand == nil ? nil : answer }

    /// The fields of the request.
    var fields: HTTPFields { request.fields }

    // MARK: The response

    private func startHandler() {
        let request = request, handler = listener.handler, route = request.route ?? "no route"
        self.request.body = .empty
        task = listener.loop.start("\(request.method) \(route)") { [self] in
            await give(await handler(request))
        }
    }

    /// Takes the handler's response. It is sent once the request has arrived completely, because most clients read only after writing.
    private func give(_ response: HTTPResponse) async {
        listener.loop.preconditionCurrent()
        guard connection != nil, answer == nil else { return }
        answer = response.status.code < 200 ? Problem(.internalServerError, "internal-error").response() : response
        if isReceived || isGivenUp || awaitsContinue {
            sendAnswer()
        } else {
            // From here on, the rest of the body is received without backpressure.
            isHeld = false
            connection?.goOnReading()
        }
        guard case .stream(let source, let length) = response.body.storage, await isToStream() else { return }
        await pump(source, length: length)
    }

    private func sendAnswer() {
        guard let answer, let connection else { return }
        let streams = connection.send(answer, to: head, isLast: !isReceived)
        isStreaming = streams
        streamer?.resume(returning: streams)
        streamer = nil
        // The head is sent together with the first chunk if that is available, otherwise at once.
        if streams { listener.loop.start("send the head of a stream") { [weak self] in self?.connection?.flush() } }
    }

    private func isToStream() async -> Bool {
        await withUnsafeContinuation { continuation in
            if let isStreaming { continuation.resume(returning: isStreaming) } else { streamer = continuation }
        }
    }

    /// Sends the chunks of `source`, each after the previous one was sent. If a stream fails or its length differs from the announced
    /// one, the connection is closed.
    private func pump(_ source: any HTTPBodySource, length: Int?) async {
        var byteCount = 0
        do throws(HTTPBodyError) {
            while connection != nil, let piece = try await source.next() {
                if piece.isEmpty { continue }
                byteCount += piece.count
                if byteCount > length ?? .max { throw .tooLarge(bytesMax: length ?? .max) }
                guard await write(piece) else { return }
            }
            if byteCount < length ?? 0 { throw .interrupted }
            connection?.endStream()
        } catch {
            connection?.close()
        }
    }

    private func write(_ piece: [UInt8]) async -> Bool {
        await withUnsafeContinuation { continuation in
            // No await in this section: other code of the loop could run in between.
            if let connection {
                connection.write(piece, continuation)
            } else {
                continuation.resume(returning: false)
            }
        }
    }

    /// Called once, when the last byte is sent or the connection is closed.
    func end(isComplete: Bool) {
        connection = nil
        if !isComplete { task?.cancel() }
        if case .piped(let pipe) = intake { pipe.fail(.interrupted) }
        isStreaming = false
        streamer?.resume(returning: false)
        streamer = nil
    }
}
