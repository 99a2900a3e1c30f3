internal import CKafka
internal import Synchronization

/// Records of one partition in offset order. They stay in librdkafka's memory, which is freed with the batch.
///
/// A record is copied only when it is accessed; any thread may read.
// @unchecked: the memory is immutable except for the headers, which are read under a lock; it is freed with the last reference to the
// batch.
public final class KafkaBatch: RandomAccessCollection, @unchecked Sendable {
    public let partition: KafkaPartition
    public let startIndex = 0
    public let endIndex: Int
    fileprivate let raw: UnsafeMutablePointer<hub_kafka_batch>
    /// The client owns the memory and must outlive the batch.
    private let client: ClientHandle
    private let hasReadHeaders = Mutex(false)

    /// Takes ownership of a batch.
    /// - Parameter end: records at and after this offset are left out.
    init(
        _ raw: UnsafeMutablePointer<hub_kafka_batch>, of partition: KafkaPartition, client: ClientHandle,
        before end: Int64 = .max
    ) {
        self.raw = raw
        self.partition = partition
        self.client = client
        var count = Int(raw.pointee.count)
        while count > 0, raw.pointee.messages[count - 1].offset >= end { count -= 1 }
        endIndex = count
    }

    deinit { hub_kafka_batch_free(raw) }

    /// The offset at which reading continues after this batch.
    public var nextOffset: Int64 { isEmpty ? 0 : self[endIndex - 1].offset + 1 }

    public subscript(position: Int) -> KafkaRecord {
        precondition(indices.contains(position), "a batch of \(count) records has none at \(position)")
        return KafkaRecord(self, position)
    }

    /// The headers of a record. The first access reads the headers of all records, because librdkafka allocates memory for each.
    fileprivate func headers(of index: Int) -> UnsafeBufferPointer<hub_kafka_header> {
        hasReadHeaders.withLock { hasRead in
            if !hasRead, hub_kafka_batch_read_headers(raw) != 0 { preconditionFailure("no memory for headers") }
            hasRead = true
        }
        let range = raw.pointee.header_ranges[index]
        return UnsafeBufferPointer(start: raw.pointee.headers + Int(range.first), count: Int(range.count))
    }
}

/// A record of a ``KafkaBatch``: a view that retains the batch.
public struct KafkaRecord: Sendable {
    private let batch: KafkaBatch
    private let index: Int

    fileprivate init(_ batch: KafkaBatch, _ index: Int) {
        self.batch = batch
        self.index = index
    }

    private var message: hub_kafka_message { batch.raw.pointee.messages[index] }

    public var partition: KafkaPartition { batch.partition }
    public var offset: Int64 { message.offset }
    /// Milliseconds since 1970; nil when the record has none.
    public var timestamp: Int64? { message.timestamp < 0 ? nil : message.timestamp }

    /// A copy; nil for null.
    public var key: [UInt8]? { withKey { $0.map { Array($0) } } }
    /// A copy; nil for null.
    public var value: [UInt8]? { withValue { $0.map { Array($0) } } }
    /// Copies, in their order; a value is nil for null.
    public var headers: [(name: String, value: [UInt8]?)] {
        (0..<headerCount).map { index in withHeader(index) { name, value in (name, value.map { Array($0) }) } }
    }

    /// The bytes of the key, valid during the call; nil for null.
    public func withKey<Result>(_ body: (UnsafeRawBufferPointer?) throws -> Result) rethrows -> Result {
        let message = message
        return try with(message.key, message.key_length, body)
    }

    /// The bytes of the value, valid during the call; nil for null.
    public func withValue<Result>(_ body: (UnsafeRawBufferPointer?) throws -> Result) rethrows -> Result {
        let message = message
        return try with(message.value, message.value_length, body)
    }

    public var headerCount: Int { batch.headers(of: index).count }

    /// The name of a header and the bytes of its value, valid during the call; nil for null.
    public func withHeader<Result>(
        _ index: Int, _ body: (_ name: String, _ value: UnsafeRawBufferPointer?) throws -> Result
    ) rethrows -> Result {
        let headers = batch.headers(of: self.index)
        precondition(headers.indices.contains(index), "a record of \(headers.count) headers has none at \(index)")
        let header = headers[index]
        let name = UnsafeRawBufferPointer(start: header.name, count: Int(header.name_length))
        return try with(header.value, header.value_length) {
            try body(String(decoding: name, as: UTF8.self), $0)
        }
    }

    /// The bytes of the last header of this name, as Kafka's clients read it, valid during the call; nil for null and for none.
    public func withLastHeader<Result>(
        named name: StaticString, _ body: (UnsafeRawBufferPointer?) throws -> Result
    ) rethrows -> Result {
        let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        for header in batch.headers(of: index).reversed() {
            let found = UnsafeRawBufferPointer(start: header.name, count: Int(header.name_length))
            if found.elementsEqual(wanted) { return try with(header.value, header.value_length, body) }
        }
        return try body(nil)
    }

    private func with<Result>(
        _ bytes: UnsafePointer<UInt8>?, _ count: UInt32, _ body: (UnsafeRawBufferPointer?) throws -> Result
    ) rethrows -> Result {
        try withExtendedLifetime(batch) {
            try body(bytes.map { UnsafeRawBufferPointer(start: $0, count: Int(count)) })
        }
    }
}

/// The log does not hold the offset to read from.
public struct KafkaGap: Error, Sendable, Hashable, CustomStringConvertible {
    public let partition: KafkaPartition
    /// The offset at which reading should have continued.
    public let offset: Int64
    /// The range of offsets the log holds: from the first retained record to the offset of the next record.
    public let kept: Range<Int64>

    public init(partition: KafkaPartition, offset: Int64, kept: Range<Int64>) {
        self.partition = partition
        self.offset = offset
        self.kept = kept
    }

    public var description: String {
        "\(partition) holds \(kept.lowerBound) to \(kept.upperBound), and \(offset) was asked for"
    }
}
