internal import CPostgres
internal import EventLoop

extension Transaction {
    /// Copies rows into a table in bulk.
    /// - Parameters:
    ///   - table: its name, with or without a schema in front.
    ///   - write: writes the columns of one row, in the order named and with exactly the columns' types.
    /// - Returns: how many rows were copied.
    /// - Throws: ``PostgresError``, `CancellationError`. After any error the transaction can only be rolled back.
    @discardableResult
    public func copyIn<Elements: Sequence>(
        into table: String, columns: [String], _ rows: Elements,
        write: (Elements.Element, inout CopyRow) -> Void
    ) async throws -> Int {
        let names = columns.map(quoteIdentifier).joined(separator: ", ")
        let target = table.split(separator: ".").map { quoteIdentifier(String($0)) }.joined(separator: ".")
        let copy = try await BulkCopy("copy \(target) (\(names)) from stdin (format binary)", on: lane)
        do {
            var row = CopyRow(columnCount: columns.count)
            for element in rows {
                try row.begin()
                write(element, &row)
                try row.end()
                if row.byteCount >= BulkCopy.chunkBytes { try await copy.put(row.takeBytes()) }
            }
            row.finish()
            try await copy.put(row.takeBytes())
        } catch {
            await copy.abandon()
            throw error
        }
        return try await copy.finish()
    }

    /// Copies the result of a query out in bulk, a piece of whole rows at a time; `body` sets the pace.
    /// - Parameters:
    ///   - query: text we wrote ourselves; a bulk copy takes no parameters.
    ///   - format: `text`, `csv` or `binary`, as PostgreSQL describes them.
    /// - Throws: ``PostgresError``, `CancellationError`, what `body` throws.
    public func copyOut(
        query: String, format: CopyFormat = .csv, _ body: ([UInt8]) async throws -> Void
    ) async throws {
        let copy = try await BulkCopy("copy (\(query)) to stdout (format \(format.rawValue))", on: lane)
        do {
            while let piece = try await copy.take() { try await body(piece) }
        } catch {
            await copy.abandon()
            throw error
        }
        _ = try await copy.finish()
    }
}

/// How the rows of a bulk copy are written; PostgreSQL's own formats.
public enum CopyFormat: String, Sendable {
    case text, csv, binary
}

/// Writes the columns of one row of a bulk copy.
public struct CopyRow {
    private var parameters = PostgresParameters(capacity: 0)
    private let columnCount: Int
    private var written = 0
    private(set) var byteCount = 0

    init(columnCount: Int) {
        self.columnCount = columnCount
        // The signature of the binary format, no flags, no extension.
        parameters.write(Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00])
        parameters.write(Int32(0))
        parameters.write(Int32(0))
    }

    public mutating func write<Value: PostgresEncodable>(_ value: Value) {
        parameters.writeField(value)
        written += 1
    }

    mutating func begin() throws(PostgresError) {
        guard let count = Int16(exactly: columnCount) else { throw PostgresError(.encoding, "too many columns") }
        parameters.write(count)
        written = 0
    }

    mutating func end() throws(PostgresError) {
        if let refusal = parameters.refusal { throw PostgresError(.encoding, refusal) }
        guard written == columnCount else {
            throw PostgresError(.encoding, "\(written) values for \(columnCount) columns")
        }
        byteCount = parameters.byteCount
    }

    mutating func finish() { parameters.write(Int16(-1)) }

    mutating func takeBytes() -> [UInt8] {
        byteCount = 0
        return parameters.takeBytes()
    }
}

/// A bulk copy under way.
struct BulkCopy: Sendable {
    private let exclusive: Exclusive

    static let chunkBytes = 64 * 1_024

    init(_ command: String, on lane: TransactionLane) async throws {
        let exclusive = try await Exclusive.begin(command, on: lane)
        self.exclusive = exclusive
        try await exclusive.loop.run("postgres copy") {
            do {
                _ = try await exclusive.nextResult()
            } catch {
                exclusive.leave()
                throw error
            }
        }
    }

    func put(_ bytes: [UInt8]) async throws {
        try await exclusive.loop.run("postgres copy") { [exclusive] in
            try Task.checkCancellation()
            while true {
                let status = try exclusive.with { hub_pg_copy_put($0, bytes, Int32(bytes.count)) }
                if status < 0 { throw PostgresError(.connection, "the connection was lost") }
                try await exclusive.drain()
                if status > 0 { return }
            }
        }
    }

    /// The next rows, nil at the end: what is there, up to a piece's size.
    func take() async throws -> [UInt8]? {
        try await exclusive.loop.run("postgres copy") { [exclusive] in try await Self.take(exclusive) }
    }

    private static func take(_ exclusive: Exclusive) async throws -> [UInt8]? {
        var piece: [UInt8] = []
        while piece.count < chunkBytes {
            try Task.checkCancellation()
            var bytes: UnsafeMutablePointer<CChar>?
            let count = try exclusive.with { hub_pg_copy_get($0, &bytes) }
            if count > 0, let bytes {
                defer { hub_pg_copy_free(bytes) }
                piece.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            } else if !piece.isEmpty {
                break
            } else if count < 0 {
                // -1 is the end; at -2 the result that follows says what went wrong.
                return nil
            } else {
                try await exclusive.wait()
            }
        }
        return piece
    }

    /// Ends the copy in an orderly way and returns how many rows went over.
    func finish() async throws -> Int {
        try await exclusive.loop.run("postgres copy end") { [exclusive] in
            defer { exclusive.leave() }
            // Refused after a copy out, which has ended by itself.
            _ = try exclusive.with { hub_pg_copy_end($0, nil) }
            try await exclusive.drain()
            var count = 0
            while let rows = try await exclusive.nextResult() { count = max(count, rows.affectedCount) }
            return count
        }
    }

    /// Ends the copy with an error for the server: the transaction can only be rolled back.
    func abandon() async {
        let task = exclusive.loop.start("postgres copy abandoned") { [exclusive] in
            defer { exclusive.leave() }
            let isCopyIn = try exclusive.with { hub_pg_copy_end($0, "the copy was given up") } > 0
            try await exclusive.drain()
            if !isCopyIn { exclusive.cancel() }
            while try await Self.take(exclusive) != nil { await Task.yield() }
            while try await exclusive.nextResult() != nil {}
        }
        // What goes wrong here has a cause that is being thrown already.
        _ = try? await task.value
    }
}
