internal import CCurl
internal import EventLoop

extension HTTPClient {
    /// Hands `transfer` over. Connections to mail servers are kept for the next message like any others.
    /// - Returns: the last reply code of the server, 250 as a rule.
    package func send(_ transfer: SMTPTransfer) async throws(SMTPTransferError) -> Int {
        let multi = next()
        let sending = SMTPSending(transfer, on: multi)
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                multi.loop.execute { sending.start(continuation) }
            }
        } onCancel: {
            multi.loop.execute { sending.cancel() }
        }
        return try outcome.get()
    }
}

/// A message on its way.
// @unchecked: touched on the loop of its multi alone.
private final class SMTPSending: CurlTransfer, @unchecked Sendable {
    typealias Outcome = Result<Int, SMTPTransferError>

    private let transfer: SMTPTransfer
    private let multi: CurlMulti
    private var continuation: UnsafeContinuation<Outcome, Never>?
    private var isCancelled = false

    init(_ transfer: SMTPTransfer, on multi: CurlMulti) {
        self.transfer = transfer
        self.multi = multi
    }

    func start(_ continuation: UnsafeContinuation<Outcome, Never>) {
        if isCancelled { return continuation.resume(returning: .failure(.cancelled)) }
        self.continuation = continuation
        if let wrong = transfer.mistake { return resolve(.failure(.invalid(wrong))) }
        let isStarted = multi.start(self) { curl, context in
            transfer.withRaw { hub_curl_start_mail(curl, &$0, context) }
        }
        if !isStarted { resolve(.failure(.connectFailed("no room for another transfer"))) }
    }

    func cancel() {
        isCancelled = true
        guard continuation != nil else { return }
        multi.cancel(self)
        wasCancelled()
    }

    override func wasCancelled() { resolve(.failure(.cancelled)) }

    override func done(_ outcome: Int32, code: Int, message: String) {
        multi.forget(self)
        switch outcome {
        case Int32(HUB_CURL_OK): resolve(.success(code))
        case Int32(HUB_CURL_INVALID): resolve(.failure(.invalid(message)))
        case Int32(HUB_CURL_CONNECT): resolve(.failure(.connectFailed(message)))
        case Int32(HUB_CURL_TIMED_OUT): resolve(.failure(.timedOut))
        case Int32(HUB_CURL_DENIED): resolve(.failure(.accessDenied(code: code)))
        case Int32(HUB_CURL_REFUSED): resolve(.failure(.refused(code: code)))
        default: resolve(.failure(.protocolError(message)))
        }
    }

    private func resolve(_ outcome: Outcome) {
        continuation?.resume(returning: outcome)
        continuation = nil
    }
}

extension SMTPTransfer {
    /// What must not reach the wire: a line end in an address would be a command of its own.
    fileprivate var mistake: String? {
        if recipients.isEmpty { return "no recipient" }
        let texts = [url, from] + recipients
        if !texts.allSatisfy({ $0.utf8.allSatisfy { $0 > 32 && $0 != 127 } }) { return "a blank or control character" }
        return nil
    }

    /// Calls `body` with pointers that are valid for the call.
    fileprivate func withRaw(_ body: (inout hub_curl_mail) -> OpaquePointer?) -> OpaquePointer? {
        var raw = hub_curl_mail()
        raw.connect_ms = max(1, connectTimeout.milliseconds)
        raw.timeout_ms = max(1, timeout.milliseconds)
        raw.tls =
            switch security {
            case .none: 0
            case .opportunistic: 1
            case .required: 2
            }
        // One block for all texts, so that they stay in place together.
        var block: [CChar] = []
        func place(_ text: String?) -> Int? {
            guard let text else { return nil }
            defer { block.append(contentsOf: text.utf8CString) }
            return block.count
        }
        let urlAt = place(url), fromAt = place(from), userAt = place(username), passwordAt = place(password)
        let caAt = place(caFile), recipientsAt = recipients.map { place($0) }
        return block.withUnsafeBufferPointer { block in
            func at(_ offset: Int?) -> UnsafePointer<CChar>? { offset.flatMap { block.baseAddress?.advanced(by: $0) } }
            (raw.url, raw.from, raw.username, raw.password) = (at(urlAt), at(fromAt), at(userAt), at(passwordAt))
            raw.ca_file = at(caAt)
            return recipientsAt.map { at($0) }.withUnsafeBufferPointer { recipients in
                message.withUnsafeBufferPointer { message in
                    (raw.recipients, raw.recipient_count) = (recipients.baseAddress, recipients.count)
                    (raw.message, raw.message_count) = (message.baseAddress, message.count)
                    return body(&raw)
                }
            }
        }
    }
}
