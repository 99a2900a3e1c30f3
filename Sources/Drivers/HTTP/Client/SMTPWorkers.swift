internal import CCurl
internal import EventLoop
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Threads that send mail, with the connections to mail servers they keep.
///
/// Mail uses separate threads because libcurl blocks while it waits for two SMTP replies: to the message content and to QUIT. On a loop,
/// a slow server would block all other work.
package final class SMTPWorkers: Sendable {
    private let threadCount: Int
    private let queueCountMax: Int
    private let pool = Mutex<BlockingPool?>(nil)
    private let idle = Mutex<[MailCurl]>([])

    /// - Parameters:
    ///   - threadCount: how many messages are sent at once.
    ///   - queueCountMax: how many messages may wait for a thread; further ones are refused.
    package init(threadCount: Int = 4, queueCountMax: Int = 10_000) {
        self.threadCount = threadCount
        self.queueCountMax = queueCountMax
    }

    deinit { pool.withLock { $0?.shutdown() } }

    /// Sends a message on one of the threads.
    func send(_ transfer: SMTPTransfer, isCancelled: @escaping @Sendable () -> Bool) async -> SMTPOutcome {
        do {
            return try await started().run {
                if isCancelled() { return .failure(.cancelled) }
                guard let curl = self.idle.withLock({ $0.popLast() }) ?? MailCurl() else {
                    return .failure(.connectFailed("no room for another transfer"))
                }
                defer { self.idle.withLock { $0.append(curl) } }
                return curl.send(transfer, isCancelled: isCancelled)
            }
        } catch is CancellationError {
            return .failure(.cancelled)
        } catch {
            return .failure(.connectFailed("no room for another transfer"))
        }
    }

    private func started() throws(EventLoopError) -> BlockingPool {
        try pool.withLock { pool throws(EventLoopError) in
            if let pool { return pool }
            let made = try BlockingPool(name: "mail", threadCount: threadCount, queueCountMax: queueCountMax)
            pool = made
            return made
        }
    }
}

typealias SMTPOutcome = Result<Int, SMTPTransferError>

/// One curl handle for mail, used by one thread at a time.
// @unchecked: the thread that uses it takes it out of the mutex.
private final class MailCurl: @unchecked Sendable {
    private let curl: OpaquePointer
    /// The interval at which a cancellation is checked.
    private static let waitMsMax: Int64 = 200

    init?() {
        var limits = hub_curl_limits()
        limits.connections_per_host_max = 1
        limits.connections_kept_max = 1
        limits.kept_seconds = 60
        var callbacks = hub_curl_callbacks()
        callbacks.done = { context, outcome, code, message in
            guard let context else { return }
            let sending = Unmanaged<MailSending>.fromOpaque(context).takeUnretainedValue()
            sending.done(outcome, code: Int(code), message: message.map { String(cString: $0) } ?? "")
        }
        callbacks.line = { context, isReply, bytes, count in
            guard let context else { return }
            let sending = Unmanaged<MailSending>.fromOpaque(context).takeUnretainedValue()
            sending.dialogue.note(UnsafeBufferPointer(start: bytes, count: count), isReply: isReply != 0)
        }
        guard let curl = hub_curl_new(&limits, &callbacks) else { return nil }
        self.curl = curl
    }

    deinit { hub_curl_free(curl) }

    func send(_ transfer: SMTPTransfer, isCancelled: () -> Bool) -> SMTPOutcome {
        let sending = MailSending()
        // Retained to the end: the C side holds its address.
        return withExtendedLifetime(sending) {
            let context = Unmanaged.passUnretained(sending).toOpaque()
            guard let handle = transfer.withRaw({ hub_curl_start_mail(curl, &$0, context) }) else {
                return .failure(.invalid("not a mail server"))
            }
            var wait = hub_curl_kick(curl)
            while sending.outcome == nil {
                if isCancelled() {
                    hub_curl_cancel(handle)
                    return .failure(.cancelled)
                }
                var ready = pollfd(fd: hub_curl_descriptor(curl), events: Int16(POLLIN), revents: 0)
                poll(&ready, 1, Int32(wait < 0 ? Self.waitMsMax : min(wait, Self.waitMsMax)))
                wait = hub_curl_run(curl)
            }
            return sending.outcome ?? .failure(.cancelled)
        }
    }
}

/// A message in transfer, called back by the C side.
private final class MailSending {
    private(set) var outcome: SMTPOutcome?
    var dialogue = SMTPDialogue()

    func done(_ ended: Int32, code: Int, message: String) {
        outcome =
            switch ended {
            case Int32(HUB_CURL_OK): .success(code)
            case Int32(HUB_CURL_INVALID): .failure(.invalid(message))
            case Int32(HUB_CURL_CONNECT): .failure(.connectFailed(message))
            case Int32(HUB_CURL_TIMED_OUT): .failure(.timedOut)
            case Int32(HUB_CURL_REFUSED):
                .failure(dialogue.refusal.map(SMTPTransferError.refused) ?? .protocolError(message))
            default: .failure(.protocolError(message))
            }
    }
}
