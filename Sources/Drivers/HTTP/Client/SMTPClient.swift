internal import CCurl
internal import EventLoop
internal import Synchronization

extension HTTPClient {
    /// Hands `transfer` over on one of the `workers`, whose connections are kept for the next message. A cancelled caller has its
    /// answer at once; the worker ends the transfer as soon as it can.
    /// - Returns: the last reply code of the server, 250 as a rule.
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

/// The answer to a caller: that of the worker or that of a cancellation, whichever is first.
private final class SMTPAnswer: Sendable {
    private struct State {
        var continuation: CheckedContinuation<SMTPOutcome, Never>?
        var outcome: SMTPOutcome?
    }
    private let state = Mutex(State())

    var isResolved: Bool { state.withLock { $0.outcome != nil } }

    /// False when the answer was there before the question; then it has been given.
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
    /// What must not reach the wire: a line end in an address would be a command of its own.
    fileprivate var mistake: String? {
        if recipients.isEmpty { return "no recipient" }
        let texts = [url, from] + recipients
        if !texts.allSatisfy({ $0.utf8.allSatisfy { $0 > 32 && $0 != 127 } }) { return "a blank or control character" }
        return nil
    }

    /// Calls `body` with pointers that are valid for the call.
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
