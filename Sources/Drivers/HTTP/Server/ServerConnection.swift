internal import CMicrohttpd
internal import EventLoop

/// One connection and the request on it.
///
/// The C side holds one reference from `opened` to `closed`; `peer` is valid exactly that long.
// Touched on the loop of its listener alone.
final class ServerConnection {
    /// What the connection waits for; decides what happens when it takes too long.
    private enum Phase {
        /// The first request.
        case fresh
        /// The next one: the client may have gone quiet for good.
        case waiting
        case header
        case body
        case answer
    }

    let listener: Listener
    let remoteAddress: String
    var index = 0
    private let peer: OpaquePointer
    private var exchange: Exchange?
    private var phase = Phase.fresh
    private var deadline = 0
    /// Spent on waiting for the body under way, not counting the time its reader held it back.
    private var bodyTicks = 0
    private var hasLeft = false
    var isNudged = false

    init(_ peer: OpaquePointer, listener: Listener, remoteAddress: String) {
        self.peer = peer
        self.listener = listener
        self.remoteAddress = remoteAddress
        enter(.fresh)
    }

    private func enter(_ phase: Phase) {
        self.phase = phase
        deadline =
            switch phase {
            case .fresh, .header: listener.ticks + listener.headerTicks
            case .waiting, .body: listener.ticks + listener.idleTicks
            case .answer: .max
            }
    }

    // MARK: Called by the C side

    func began() { enter(.header) }

    func receive(_ head: borrowing hub_http_head) -> Bool {
        lookForEnd()
        let fields = HTTPFields(copying: head)
        let target = UnsafeBufferPointer(
            start: UnsafeRawPointer(head.target).assumingMemoryBound(to: UInt8.self), count: head.target_count)
        let method = String(cString: head.method)
        do throws(Problem) {
            if head.truncated != 0 { throw Problem(.headerFieldsTooLarge, "header-too-large") }
            let accepted = try FrontCheck.check(
                method: method, target: target, version: Int(head.version), isIntact: head.intact != 0,
                fields: fields, limits: listener.configuration)
            let request = listener.router.matched(
                HTTPRequest(
                    HTTPMethod(rawValue: method), String(decoding: target, as: UTF8.self), fields: fields,
                    remoteAddress: listener.configuration.trustedProxies.client(behind: remoteAddress, fields)))
            let bodyBytesMax = listener.router.bodyBytesMax(of: request.match) ?? listener.configuration.bodyBytesMax
            let exchange = Exchange(request, on: self, bodyBytesMax: bodyBytesMax)
            enter(.body)
            bodyTicks = 0
            self.exchange = exchange
            if !exchange.begin(accepted) { throw .bodyTooLarge }
            return true
        } catch {
            // Answered before the body is read, the library closes the connection afterwards.
            exchange?.end(isComplete: true)
            exchange = nil
            enter(.answer)
            return queue(listener.router.refusal(error, of: fields))
        }
    }

    func receive(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        guard let exchange, !listener.isStopped else { return -1 }
        enter(.body)
        lookForEnd()
        return exchange.receive(bytes)
    }

    func receivedAll() -> Bool {
        guard let exchange, !listener.isStopped else { return false }
        enter(.answer)
        exchange.receivedAll()
        return true
    }

    func finished(isComplete: Bool) {
        let ended = exchange
        exchange = nil
        enter(.waiting)
        ended?.end(isComplete: isComplete)
        if listener.isDraining { hangUp() } else { lookForEnd() }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> OutgoingRead {
        // Nothing may be suspended any more once the listener has stopped.
        if listener.isStopped { return .broken }
        return exchange?.stream?.read(into: buffer) ?? .broken
    }

    /// The peer sent its FIN or is gone. A client that only closed its sending half is taken for gone too, as servers do.
    func left() {
        hasLeft = true
        exchange?.cancel()
        lookForEnd()
    }

    /// Once the peer has left, what is still unread ends with its FIN, which the library would miss.
    private func lookForEnd() {
        if hasLeft { listener.nudge(self) }
    }

    func nudge() {
        isNudged = false
        hub_http_peer_nudge(peer)
    }

    // MARK: Called by the exchange and the listener

    func suspend() {
        if !listener.isStopped { hub_http_peer_suspend(peer) }
    }

    func resume() {
        hub_http_peer_resume(peer)
        if exchange?.isReceiving == true { enter(.body) }
        listener.wake()
    }

    func hangUp() {
        hub_http_peer_hang_up(peer)
        listener.wake()
    }

    func sendLastWord(_ response: HTTPResponse) {
        let bytes = LastWord.bytes(response)
        hub_http_peer_send(peer, bytes, bytes.count)
        hangUp()
    }

    var isIdle: Bool { exchange == nil && (phase == .waiting || phase == .fresh) }

    /// The server stops: whatever is under way ends now.
    func stop() {
        exchange?.cancel()
        hub_http_peer_resume(peer)
        hub_http_peer_hang_up(peer)
    }

    /// Ends what waited too long.
    func checkDeadline() {
        if phase == .body, let exchange, exchange.isReceiving {
            bodyTicks += 1
            if bodyTicks > listener.bodyTicksMax(byteCount: exchange.bodyByteCount) { deadline = 0 }
        }
        guard listener.ticks >= deadline else { return }
        deadline = .max
        switch phase {
        // Of a header under way nothing is known here: the library keeps it to itself until its end.
        case .fresh, .header: sendLastWord(listener.router.refusal(.requestTimeout, of: [:]))
        case .body:
            guard let exchange, exchange.isReceiving else { return }
            exchange.timeOut()
            sendLastWord(exchange.lastWord ?? listener.router.refusal(.requestTimeout, of: exchange.fields))
        case .waiting: hangUp()
        case .answer: break
        }
    }

    static let copiedBytesMax = 64 * 1024

    /// Gives the answer to the library. `Content-Length` and `Connection` are its affair.
    func queue(_ response: HTTPResponse) -> Bool {
        let answer: OpaquePointer? =
            switch response.body.storage {
            case .bytes(let bytes) where bytes.count > Self.copiedBytesMax:
                hub_http_answer_stream(peer, Int64(bytes.count))
            case .bytes(let bytes): hub_http_answer_bytes(bytes, bytes.count)
            case .stream(_, let length): hub_http_answer_stream(peer, Int64(length ?? -1))
            }
        guard let answer else { return false }
        guard response.fields.addAll(to: answer), !listener.isDraining || hub_http_answer_close(answer) != 0 else {
            hub_http_answer_free(answer)
            return false
        }
        return hub_http_queue(peer, Int32(response.status.code), answer) != 0
    }
}

extension HTTPFields {
    fileprivate init(copying head: borrowing hub_http_head) {
        let fields = UnsafeBufferPointer(start: head.fields, count: head.field_count)
        self.init(
            bytes: Array(UnsafeBufferPointer(start: head.bytes, count: head.byte_count)),
            entries: fields.map {
                Entry(
                    nameStart: $0.name_start, nameCount: $0.name_count, valueStart: $0.value_start,
                    valueCount: $0.value_count)
            })
    }

    fileprivate func addAll(to answer: OpaquePointer) -> Bool {
        if isEmpty { return true }
        return entries.withUnsafeBytes { raw in
            // The same four numbers in the same order.
            let fields = raw.assumingMemoryBound(to: hub_http_field.self)
            return hub_http_answer_fields(answer, bytes, fields.baseAddress, fields.count) != 0
        }
    }
}
