internal import EventLoop

extension ServerConnection {
    /// What happens to the connection after the response.
    enum Ending { case nextRequest, close, linger }

    /// Sends a response completely, or only its head when the body is a stream.
    ///
    /// - Parameters:
    ///   - head: the request's head, nil when unknown.
    ///   - isLast: no more requests are read from the connection; further input is read and dropped.
    /// - Returns: whether a streamed body follows.
    @discardableResult
    func send(_ response: HTTPResponse, to head: RequestHead?, isLast: Bool) -> Bool {
        if isClosed { return false }
        enterAnswer()
        let answer = ResponseHead(response, to: head?.method ?? .get, version: head?.version ?? .http11)
        let keeps = head?.framing.keepsConnection == true && answer.framing != .untilClose && !listener.isDraining
        ending = isLast ? .linger : keeps ? .nextRequest : .close
        isChunked = answer.framing == .chunked
        let connection: ResponseHead.Connection =
            ending != .nextRequest ? .closed : head?.version == .http10 ? .keptAlive : .unsaid
        output.append { bytes in answer.append(to: &bytes, connection: connection, date: listener.date) }
        switch response.body.storage {
        case .stream where answer.sendsBody: return true
        case .bytes(let body) where answer.sendsBody: output.append(body)
        default: break
        }
        endAnswer()
        return false
    }

    /// Sends `100 Continue` to a client that waits for it.
    func sendContinue() {
        output.append { $0.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8) }
        flush()
    }

    /// Sends one chunk of a stream. `continuation` resumes when the chunk is sent or the peer is gone.
    func write(_ piece: [UInt8], _ continuation: UnsafeContinuation<Bool, Never>) {
        if isClosed { return continuation.resume(returning: false) }
        if isChunked { output.append { $0.append(contentsOf: "\(String(piece.count, radix: 16))\r\n".utf8) } }
        output.append(piece)
        if isChunked { output.append { $0.append(contentsOf: "\r\n".utf8) } }
        writer = continuation
        flush()
    }

    /// The stream is complete.
    func endStream() {
        if isClosed { return }
        if isChunked { output.append { $0.append(contentsOf: "0\r\n\r\n".utf8) } }
        endAnswer()
    }

    private func endAnswer() {
        isAnswerWhole = true
        flush()
    }

    func flush() {
        if isClosed { return }
        let before = output.byteCount
        let outcome = output.send(on: socket)
        sent(before - output.byteCount)
        switch outcome {
        case .sent: outputSent()
        case .blocked: waitForRoom()
        case .broken: close()
        }
    }

    private func waitForRoom() {
        if writeWatch != nil { return }
        do throws(EventLoopError) {
            writeWatch = try listener.loop.watch(socket.descriptor, for: .write) { [weak self] _ in self?.flush() }
        } catch {
            close()
        }
    }

    private func outputSent() {
        writeWatch?.cancel()
        writeWatch = nil
        writer?.resume(returning: true)
        writer = nil
        guard isAnswerWhole else { return }
        isAnswerWhole = false
        switch ending {
        case .nextRequest: answered()
        case .close: finish(lingers: false)
        case .linger: finish(lingers: true)
        }
    }
}
