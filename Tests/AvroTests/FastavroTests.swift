import Avro
import Foundation
import Testing

/// Another implementation agrees with ours, value by value, on more than 100,000 records in all.
@Suite struct FastavroTests {
    private static let contracts = Fastavro.packageRoot.appending(path: "contracts").path()

    /// Runs on a separate thread, because other tests need theirs.
    private func withFile(_ body: @escaping @Sendable (String) throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "avro-\(UUID().uuidString).bin").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread { done.resume(with: Result { try body(path) }) }
        }
    }

    @Test func `messages of fastavro are read to the same values and written to the same bytes`() async throws {
        try await withFile { path in
            _ = try Fastavro.crosscheck(["write", Self.contracts, path, "20240116", "36000"])
            var reader = try ChunkReader(path: path)
            let schemaCount = try reader.number()
            var schemas: [Schema] = []
            for _ in 0..<schemaCount {
                let schema = try Schema(parsing: try reader.text())
                let (canonicalForm, fingerprint) = (try reader.text(), try reader.text())
                #expect(schema.canonicalForm == canonicalForm)
                #expect(Self.fingerprintBytes(schema) == fingerprint)
                schemas.append(schema)
            }
            var plans: [[Int]: ResolutionPlan] = [:]
            var count = 0
            while let label = reader.next() {
                let pair = String(decoding: label, as: UTF8.self).split(separator: " ").compactMap { Int($0) }
                let body = try reader.chunk()
                let dump = try reader.text()
                let writer = schemas[pair[0]]
                if pair.count == 1 {
                    let value = try AvroValue(decoding: body, schema: writer)
                    try Self.expectSame(value.dump(as: writer.type, in: writer), dump, writer)
                    try #require(try value.encoded(as: writer) == body, "bytes differ: \(writer.text)")
                } else {
                    let target = schemas[pair[1]]
                    let plan = try plans[pair] ?? ResolutionPlan(writer: writer, reader: target)
                    plans[pair] = plan
                    let value = try AvroValue(decoding: plan.resolve(body), schema: target)
                    try Self.expectSame(value.dump(as: target.type, in: target), dump, target)
                }
                count += 1
            }
            #expect(count == 54_000)
        }
    }

    @Test func `fastavro reads our messages to the same values`() async throws {
        try await withFile { path in
            // The schemas are those of the other direction, with fewer records.
            _ = try Fastavro.crosscheck(["write", Self.contracts, path, "7", "1"])
            var reader = try ChunkReader(path: path)
            let schemaCount = try reader.number()
            var writer = ChunkWriter()
            writer.append("\(schemaCount)".utf8)
            var makers: [ValueMaker] = []
            for index in 0..<schemaCount {
                let text = try reader.text()
                _ = (reader.next(), reader.next())
                writer.append(text.utf8)
                makers.append(ValueMaker(schema: try Schema(parsing: text), seed: UInt64(index)))
            }
            for index in 0..<50_000 {
                let number = index % makers.count
                let value = makers[number].value()
                let schema = makers[number].schema
                writer.append("\(number)".utf8)
                writer.append(try value.encoded(as: schema))
                writer.append(value.dump(as: schema.type, in: schema).utf8)
            }
            try Data(writer.bytes).write(to: URL(filePath: path))
            let output = try Fastavro.crosscheck(["read", path])
            #expect(output == "50000 records read, 0 wrong\n")
        }
    }

    private static func expectSame(_ found: String, _ wanted: String, _ schema: Schema) throws {
        // Compared first: an expectation on long texts costs more than the decoding.
        if found != wanted { try #require(found == wanted, "\(schema.text)") }
    }

    /// As fastavro prints it: lowest byte first.
    private static func fingerprintBytes(_ schema: Schema) -> String {
        withUnsafeBytes(of: schema.fingerprint.littleEndian) { bytes in
            bytes.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
        }
    }
}
