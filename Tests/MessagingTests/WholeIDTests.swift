import Contracts
import Foundation
@testable import Messaging
import Testing

/// The log finds bytes; an id is more than that.
@Suite struct WholeIDTests {
    private static let id = "usr_0199a2547add8628073d0890cbfa1234"

    private static func record(_ value: [UInt8], key: String = "", headers: [RecordHeader] = []) -> LogRecord {
        LogRecord(
            position: LogPosition(TopicPartition("t", 0), 0), key: Array(key.utf8), headers: headers, value: value,
            time: Date(timeIntervalSince1970: 0))
    }

    /// As Avro writes it, between two others.
    private static func avro(_ text: String) -> [UInt8] {
        [UInt8(2), 97, UInt8(text.utf8.count * 2)] + Array(text.utf8) + [72, 122]
    }

    @Test func `an id is found as key, header, string and word of a text`() {
        #expect(WholeID.stands(Self.id, in: Self.record([], key: Self.id)))
        #expect(WholeID.stands(Self.id, in: Self.record([], headers: [RecordHeader("correlation-id", Self.id)])))
        #expect(WholeID.stands(Self.id, in: Self.record(Self.avro(Self.id))))
        #expect(WholeID.stands(Self.id, in: Self.record(Array("\"/users/\(Self.id)\"".utf8))))
    }

    @Test(arguments: ["usr_0199a2547add8628073d0890cbfa123", "usr_0", "sr_0199a2547add8628073d0890cbfa1234", "0199"])
    func `a part of an id finds nothing, and the complete ids with that prefix are listed`(part: String) {
        let records = [
            Self.record([], key: Self.id), Self.record(Self.avro(Self.id)),
            Self.record([], headers: [RecordHeader("correlation-id", Self.id)]),
        ]
        for record in records { #expect(!WholeID.stands(part, in: record)) }
        if part.hasPrefix("usr") { #expect(WholeID.longer(part, in: records) == [Self.id]) }
    }
}
