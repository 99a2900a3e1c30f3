internal import EventLoop

/// One connection: reads and parses bytes, and passes them to the current exchange. Sending is in the other file.
///
/// The socket is watched for input only while input can be processed; otherwise each tick checks whether the peer has closed. A client
/// that closes only its sending side also counts as gone.
// Accessed on the loop of its listener only.
final class ServerConnection {
    let listener: Listener
    let socket: Socket
    let remoteAddress: String
    /// Whether it counts as one of the server's connections; otherwise it is being refused.
    let isAdmitted: Bool
    var index = 0
    private(set) var state: ConnectionState
    private(set) var exchange: Exchange?
    private var parser: RequestParser
    /// Received bytes that could not be processed yet, and how many of them have been.
    private var unparsed: [UInt8] = []
    private var unparsedStart = 0
    private var readWatch: Watch?

    // Sending state, see the other file.
    var output = OutputQueue()
    var ending = Ending.close
    var isAnswerWhole = false
    var isChunked = false
    var writeWatch: Watch?
    var writer: UnsafeContinuation<Bool, Never>?

    init(_ socket: Socket, listener: Listener, remoteAddress: String, isAdmitted: Bool) {
        self.socket = socket
        self.listener = listener
        self.remoteAddress = remoteAddress
        self.isAdmitted = isAdmitted
        parser = RequestParser(limits: listener.configuration)
        state = ConnectionState(limits: listener.limits, lingerBytesMax: listener.configuration.lingerBytesMax)
    }

    var isClosed: Bool { state.phase == .closed }

    /// No exchange is running.
    var isIdle: Bool { exchange == nil && unparsed.isEmpty && (state.phase == .waiting || state.phase == .fresh) }

    // MARK: Reading

    /// Watches the socket for input only while input can be processed; otherwise TCP backpressure stops the client.
    func adjustReading() {
        if isClosed { return }
        guard takesBytes || (unparsed.count < listener.configuration.headerBytesMax && exchange?.isHeld != true) else {
            readWatch?.cancel()
            readWatch = nil
            return
        }
        if readWatch != nil { return }
        do throws(EventLoopError) {
            readWatch = try listener.loop.watch(socket.descriptor, for: .read) { [weak self] _ in self?.read() }
        } catch {
            close()
        }
    }

    /// Reads at most one buffer, so that other connections on the loop get their turn.
    func read() {
        guard let count = socket.receive(into: listener.readBuffer) else { return }
        if count <= 0 || state.received(count) == .close { return close() }
        if state.phase == .lingering { return }
        let bytes = UnsafeBufferPointer(rebasing: listener.readBuffer.bindMemory(to: UInt8.self)[..<count])
        if unparsed.isEmpty {
            let taken = parse(bytes)
            if taken < count { unparsed = Array(bytes[taken...]) }
        } else {
            if unparsedStart > 0 { unparsed.removeFirst(unparsedStart) }
            unparsedStart = 0
            unparsed.append(contentsOf: bytes)
            parseUnparsed()
        }
        adjustReading()
    }

    private func parseUnparsed() {
        if unparsed.isEmpty { return }
        let bytes = unparsed, start = unparsedStart
        (unparsed, unparsedStart) = ([], 0)
        let taken = bytes.withUnsafeBufferPointer { parse(UnsafeBufferPointer(rebasing: $0[start...])) }
        if start + taken < bytes.count { (unparsed, unparsedStart) = (bytes, start + taken) }
    }

    private var takesBytes: Bool {
        switch state.phase {
        case .fresh, .waiting, .head, .lingering: true
        case .body: exchange?.isHeld != true
        case .answer, .closed: false
        }
    }

    /// - Returns: how many bytes were consumed.
    private func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var taken = 0
        while taken < bytes.count, takesBytes, state.phase != .lingering {
            let rest = UnsafeBufferPointer(rebasing: bytes[taken...])
            do throws(RequestHead.Refusal) {
                var body: [UInt8] = []
                let (event, count) = try parser.next(rest, body: &body)
                taken += count
                switch event {
                case .incomplete:
                    if state.phase == .waiting { state.enter(.head) }
                    return taken
                case .head(let head): try begin(head)
                case .body(let isLast): receive(body, isLast: isLast)
                }
            } catch {
                refuse(error.problem, fields: exchange?.fields ?? error.fields)
                return bytes.count
            }
        }
        return taken
    }

    // MARK: Requests

    private func begin(_ head: RequestHead) throws(RequestHead.Refusal) {
        let request = listener.router.matched(
            HTTPRequest(
                head.method, head.target, fields: head.fields,
                remoteAddress: listener.configuration.trustedProxies.client(behind: remoteAddress, head.fields)))
        let bodyBytesMax = listener.router.bodyBytesMax(of: request.match) ?? listener.configuration.bodyBytesMax
        let exchange = Exchange(request, head, on: self, bodyBytesMax: bodyBytesMax)
        do throws(Problem) {
            self.exchange = exchange
            state.enter(.body)
            try exchange.begin()
            if head.framing.body == .none { receivedAll() }
        } catch {
            throw RequestHead.Refusal(problem: error, fields: head.fields)
        }
    }

    private func receive(_ bytes: [UInt8], isLast: Bool) {
        guard let exchange else { return }
        if !bytes.isEmpty { exchange.receive(bytes) }
        if isLast, !isClosed, self.exchange === exchange, state.phase == .body { receivedAll() }
    }

    private func receivedAll() {
        state.enter(.answer)
        exchange?.receivedAll()
    }

    /// The reader of the current body has room again, or no longer needs the body.
    func goOnReading() {
        if isClosed { return }
        parseUnparsed()
        adjustReading()
    }

    /// Sends an error response and closes the connection: the start of the next request is unknown.
    func refuse(_ problem: Problem, fields: HTTPFields) {
        let answer = exchange?.lastWord ?? listener.router.refusal(problem, of: fields)
        let head = exchange?.head
        endExchange(isComplete: false)
        send(answer, to: head, isLast: true)
    }

    private func endExchange(isComplete: Bool) {
        let ended = exchange
        exchange = nil
        ended?.end(isComplete: isComplete)
    }

    // MARK: The end of an exchange

    /// The response is being sent: no timeout applies to the rest of the request.
    func enterAnswer() {
        if state.phase != .answer { state.enter(.answer) }
    }

    /// The response is sent completely, and another request may follow.
    func answered() {
        endExchange(isComplete: true)
        state.enter(.waiting)
        if listener.isDraining, unparsed.isEmpty { close() } else { goOnReading() }
    }

    /// Everything is sent. Closing while the peer may still be sending could discard the response, so input is drained first.
    func finish(lingers: Bool) {
        endExchange(isComplete: true)
        guard lingers || !unparsed.isEmpty else { return close() }
        unparsed = []
        state.enter(.lingering)
        socket.shutdownSending()
        adjustReading()
    }

    /// The peer is gone, or a timeout ended the wait for it.
    func close() {
        if isClosed { return }
        state.enter(.closed)
        for watch in [readWatch, writeWatch] { watch?.cancel() }
        (readWatch, writeWatch) = (nil, nil)
        socket.close()
        endExchange(isComplete: false)
        writer?.resume(returning: false)
        writer = nil
        listener.remove(self)
    }

    /// Ends a connection after a timeout.
    func tick() {
        if readWatch == nil, socket.isLeft { return close() }
        let action = state.tick(
            isReceiving: exchange?.isReceiving ?? false, bodyByteCount: exchange?.bodyByteCount ?? 0,
            isBlocked: writeWatch != nil)
        switch action {
        case .none: break
        case .close: close()
        case .refuseHead: refuse(.requestTimeout, fields: [:])
        case .refuseBody:
            exchange?.timeOut()
            refuse(.requestTimeout, fields: exchange?.fields ?? [:])
        }
    }

    /// The peer read part of the output.
    func sent(_ byteCount: Int) { state.sent(byteCount) }
}
