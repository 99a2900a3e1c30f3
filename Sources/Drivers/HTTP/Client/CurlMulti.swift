internal import CCurl
package import EventLoop

/// The curl transfers and kept connections of one loop.
// @unchecked: accessed on its loop only, except for constants.
package final class CurlMulti: @unchecked Sendable {
    package let loop: EventLoop
    let configuration: HTTPClientConfiguration
    private var curl: OpaquePointer?
    private var watch: Watch?
    private var timer: Watch?
    private var timerEnd: ContinuousClock.Instant?
    /// Retains the objects whose address the C side holds, until their transfer ends.
    private var transfers: [CurlTransfer] = []
    /// Waiting transfers by origin. curl's own queue is not used because it does not apply timeouts to waiting transfers.
    private var lines: [String: Line] = [:]
    private var waitingCount = 0
    /// The origins for which a connection became free in this loop iteration.
    private var vacated: [String] = []
    private var isCallingUp = false
    /// The transfers whose response header arrived in this loop iteration.
    private var headed: [HTTPTransfer] = []

    /// libcurl's global initialisation; too slow for a loop.
    private static let isPrepared = hub_curl_prepare() != 0

    /// Creates the C side on the caller's thread, because that is too slow for a loop. It opens no descriptor yet.
    init(loop: EventLoop, configuration: HTTPClientConfiguration) {
        self.loop = loop
        self.configuration = configuration
        if Self.isPrepared { curl = Self.make(configuration) }
    }

    // If the loop watches the C side, the client has already closed it: see the client's deinit.
    deinit {
        if let curl { hub_curl_free(curl) }
    }

    private static func make(_ configuration: HTTPClientConfiguration) -> OpaquePointer? {
        var limits = hub_curl_limits()
        limits.connections_per_host_max = configuration.connectionsPerHostMax
        limits.connections_kept_max = configuration.connectionsKeptMax
        limits.kept_seconds = max(1, Int(configuration.keptTimeout.components.seconds))
        limits.connect_ms = max(1, configuration.connectTimeout.milliseconds)
        limits.header_bytes_max = configuration.responseHeaderBytesMax
        var callbacks = hub_curl_callbacks()
        callbacks.setAll()
        func make(_ caFile: UnsafePointer<CChar>?) -> OpaquePointer? {
            limits.ca_file = caFile
            return hub_curl_new(&limits, &callbacks)
        }
        return configuration.caFile.map { $0.withCString(make) } ?? make(nil)
    }

    /// The C side, watched by the loop; nil when the client is closed or no memory or descriptor is available.
    private func watched() -> OpaquePointer? {
        guard let curl else { return nil }
        if watch != nil { return curl }
        do throws(EventLoopError) {
            watch = try loop.watch(hub_curl_descriptor(curl), for: .read) { [weak self] _ in self?.run() }
            return curl
        } catch {
            return nil
        }
    }

    // MARK: Waiting transfers

    private struct Line {
        var underWayCount = 0
        var waiting: [HTTPTransfer] = []
        var head = 0
        /// At this queue length, transfers that have timed out are removed.
        var sweptCount = 64
    }
    enum Entry { case goes, waits, full }

    /// Counts the transfer as running, or queues it for a connection.
    func enter(_ transfer: HTTPTransfer) -> Entry {
        loop.preconditionCurrent()
        guard curl != nil, transfers.count + waitingCount < configuration.requestsMax else { return .full }
        var line = lines.removeValue(forKey: transfer.origin) ?? Line()
        defer { lines[transfer.origin] = line }
        if line.underWayCount < configuration.connectionsPerHostMax {
            line.underWayCount += 1
            return .goes
        }
        if line.waiting.count >= line.sweptCount { sweep(&line) }
        line.waiting.append(transfer)
        waitingCount += 1
        return .waits
    }

    private func sweep(_ line: inout Line) {
        let count = line.waiting.count - line.head
        line.waiting = line.waiting[line.head...].filter { !$0.isSettled }
        line.head = 0
        waitingCount -= count - line.waiting.count
        line.sweptCount = max(64, line.waiting.count * 2)
    }

    /// The transfer ended, or could not start.
    func leave(_ transfer: HTTPTransfer) {
        lines[transfer.origin]?.underWayCount -= 1
        vacated.append(transfer.origin)
    }

    /// Starts waiting transfers for free connections. Must not be called from a curl callback, where no transfer may be started.
    private func callUp() {
        if isCallingUp { return }
        isCallingUp = true
        defer { isCallingUp = false }
        while let origin = vacated.popLast() {
            if let next = nextInLine(origin) { next.begin() }
        }
    }

    private func nextInLine(_ origin: String) -> HTTPTransfer? {
        guard var line = lines.removeValue(forKey: origin) else { return nil }
        defer { if line.underWayCount > 0 || line.head < line.waiting.count { lines[origin] = line } }
        guard line.underWayCount < configuration.connectionsPerHostMax else { return nil }
        while line.head < line.waiting.count {
            let next = line.waiting[line.head]
            line.head += 1
            waitingCount -= 1
            if line.head > 64, line.head * 2 > line.waiting.count {
                line.waiting.removeFirst(line.head)
                line.head = 0
            }
            if !next.isSettled {
                line.underWayCount += 1
                return next
            }
        }
        return nil
    }

    // MARK: Transfers

    /// - Parameter start: passes the transfer and its callback context to the C side.
    /// - Returns: false when the transfer could not be started.
    func start(
        _ transfer: CurlTransfer, _ start: (OpaquePointer, UnsafeMutableRawPointer) -> OpaquePointer?
    ) -> Bool {
        loop.preconditionCurrent()
        guard transfers.count < configuration.requestsMax, let curl = watched() else { return false }
        guard let handle = start(curl, Unmanaged.passUnretained(transfer).toOpaque()) else { return false }
        transfer.handle = handle
        transfer.index = transfers.count
        transfers.append(transfer)
        kick()
        return true
    }

    /// The C side has finished or removed the transfer.
    func forget(_ transfer: CurlTransfer) {
        guard transfer.handle != nil else { return }
        transfer.handle = nil
        if let transfer = transfer as? HTTPTransfer { leave(transfer) }
        let last = transfers.removeLast()
        if last !== transfer {
            last.index = transfer.index
            transfers[transfer.index] = last
        }
    }

    func cancel(_ transfer: CurlTransfer) {
        guard let handle = transfer.handle else { return }
        hub_curl_cancel(handle)
        forget(transfer)
        kick()
    }

    func resumeReceiving(_ transfer: CurlTransfer) {
        guard let handle = transfer.handle else { return }
        hub_curl_resume_receiving(handle)
        kick()
    }

    func resumeSending(_ transfer: CurlTransfer) {
        guard let handle = transfer.handle else { return }
        hub_curl_resume_sending(handle)
        kick()
    }

    func gotHead(_ transfer: HTTPTransfer) { headed.append(transfer) }

    /// Fails every transfer with `cancelled` and closes every connection.
    func close() {
        let waiting = lines.values.flatMap { $0.waiting[$0.head...] }
        (lines, waitingCount) = ([:], 0)
        for transfer in waiting { transfer.wasCancelled() }
        for transfer in transfers {
            cancel(transfer)
            transfer.wasCancelled()
        }
        watch?.cancel()
        timer?.cancel()
        (watch, timer, timerEnd) = (nil, nil, nil)
        if let curl { hub_curl_free(curl) }
        curl = nil
    }

    // MARK: Running

    private func run() {
        if let curl { afterRun(hub_curl_run(curl)) }
    }

    private func kick() {
        if let curl { afterRun(hub_curl_kick(curl)) }
    }

    private func afterRun(_ wait: Int64) {
        // Transfers that are still open have more response body to receive.
        for transfer in headed { transfer.deliverStream() }
        headed.removeAll(keepingCapacity: true)
        callUp()
        if wait >= 0 { wakeAfter(milliseconds: wait) }
    }

    /// One timer for all timeouts; if it fires too early, it is set again. Requests do not change it.
    private func wakeAfter(milliseconds: Int64) {
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        if let timerEnd, timerEnd <= end { return }
        timer?.cancel()
        timerEnd = end
        // If no timer can be created, the timeouts are checked at the next socket event.
        timer = try? loop.schedule(after: .milliseconds(milliseconds)) { [weak self] in
            guard let self else { return }
            (timer, timerEnd) = (nil, nil)
            kick()
        }
    }
}

/// One transfer, called back by the C side.
class CurlTransfer {
    /// Valid from the start of the transfer to its end.
    fileprivate(set) var handle: OpaquePointer?
    fileprivate var index = 0

    func received(status: Int, fields: HTTPFields) {}
    func received(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32 { Int32(HUB_CURL_BODY_TAKEN) }
    func read(into buffer: UnsafeMutableRawBufferPointer) -> OutgoingRead { .broken }
    /// The transfer ended; the C side drops its reference.
    func done(_ outcome: Int32, code: Int, message: String) {}
    func wasCancelled() {}
}

extension hub_curl_callbacks {
    fileprivate mutating func setAll() {
        head = { context, status, bytes, byteCount, fields, fieldCount in
            let entries = UnsafeBufferPointer(start: fields, count: fieldCount).map {
                HTTPFields.Entry(
                    nameStart: $0.name_start, nameCount: $0.name_count, valueStart: $0.value_start,
                    valueCount: $0.value_count)
            }
            let bytes = Array(UnsafeBufferPointer(start: bytes, count: byteCount))
            transfer(context)?.received(status: Int(status), fields: HTTPFields(bytes: bytes, entries: entries))
        }
        body = { context, bytes, count in
            transfer(context)?.received(UnsafeBufferPointer(start: bytes, count: count)) ?? Int32(HUB_CURL_BODY_ABORT)
        }
        read = { context, buffer, count in
            switch transfer(context)?.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: count)) {
            case .copied(let count): count
            case .end: 0
            case .later: Int(HUB_CURL_READ_LATER)
            case .broken, nil: Int(HUB_CURL_READ_ABORT)
            }
        }
        done = { context, outcome, code, message in
            let text = outcome == HUB_CURL_OK ? "" : message.map { String(cString: $0) } ?? ""
            transfer(context)?.done(outcome, code: Int(code), message: text)
        }
    }
}

/// The multi retains the transfer while the C side may call back.
private func transfer(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
    context.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
}

extension Duration {
    /// Rounded up, from 0 to about 24 days: fits a C `long` on every platform.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        if seconds < 0 { return 0 }
        let part = Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
        return min(Int(clamping: seconds), 2_000_000) * 1000 + part
    }
}
