internal import CCurl
internal import EventLoop
internal import Synchronization

extension HTTPClient {
    /// Sends `transfer` on one of the `workers`, whose connections are kept for later messages. A cancelled caller returns at once; the
    /// worker aborts the transfer as soon as it can.
    /// - Returns: the server's last reply code, usually 250.
    package func send(_ transfer: SMTPTransfer, on workers: SMTPWorkers) async throws(SMTPTransferError) -> Int {
        if let wrong = transfer.mistake { throw .invalid(wrong) }
        let answer = SMTPAnswer()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard answer.begin(continuation) else { return }
                next().loop.start("mail") {
                    answer.resolve(await workers.send(transfer) { answer.isResolved })
                }
            }
        } onCancel: {
            answer.resolve(.failure(.cancelled))
        }
        return try outcome.get()
    }
}

/// The result for a caller: the worker's or that of a cancellation, whichever comes first.
private final class SMTPAnswer: Sendable {
    private struct State {
        var continuation: CheckedContinuation<SMTPOutcome, Never>?
        var outcome: SMTPOutcome?
    }
    private let state = Mutex(State())

    var isResolved: Bool { state.withLock { $0.outcome != nil } }

    /// False when the result was already there; it has then been delivered.
    func begin(_ continuation: CheckedContinuation<SMTPOutcome, Never>) -> Bool {
        let outcome = state.withLock { state in
            if state.outcome == nil { state.continuation = continuation }
            return state.outcome
        }
        if let outcome { continuation.resume(returning: outcome) }
        return outcome == nil
    }

    func resolve(_ outcome: SMTPOutcome) {
        let continuation = state.withLock { state in
            if state.outcome == nil { state.outcome = outcome }
            defer { state.continuation = nil }
            return state.continuation
        }
        continuation?.resume(returning: outcome)
    }
}

extension SMTPTransfer {
    /// Text that must not be sent: a line break in an address would start a new SMTP command.
    fileprivate var mistake: String? {
        if recipients.isEmpty { return "no recipient" }
        let texts = [url, from] + recipients
        if !texts.allSatisfy({ $0.utf8.allSatisfy { $0 > 32 && $0 != 127 } }) { return "a blank or control character" }
        return nil
    }

    /// Calls `body` with pointers that are valid during the call.
    func withRaw(_ body: (inout hub_curl_mail) -> OpaquePointer?) -> OpaquePointer? {
        var raw = hub_curl_mail()
        raw.connect_ms = max(1, connectTimeout.milliseconds)
        raw.timeout_ms = max(1, timeout.milliseconds)
        raw.tls =
            switch security {
            case .none: 0
            case .opportunistic: 1
            case .required: 2
            }
        // One block for all texts, so that none of them moves.
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
