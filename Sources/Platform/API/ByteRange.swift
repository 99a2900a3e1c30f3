public import HTTP
public import ObjectStore

/// The one range of bytes that a `Range` field asks for (RFC 9110, section 14).
struct ByteRange: Equatable {
    private enum Wish: Equatable {
        /// From a byte on, to another one or the end.
        case from(Int, through: Int?)
        /// So many at the end.
        case last(Int)
    }
    private let wish: Wish

    /// Nil for what need not be understood: other units, several ranges, nonsense. Then all of it is the answer.
    init?(_ field: String?) {
        let parts = field?.split(separator: "=", omittingEmptySubsequences: false) ?? []
        guard parts.count == 2, parts[0].lowercased() == "bytes" else { return nil }
        let ends = parts[1].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            return nil
        }
        // A number that is too large is one behind every end.
        let (first, last) = (ends[0].isEmpty ? nil : Int(ends[0]) ?? .max, ends[1].isEmpty ? nil : Int(ends[1]) ?? .max)
        switch (first, last) {
        case (let first?, let last):
            if let last, last < first { return nil }
            wish = .from(first, through: last)
        case (nil, let count?): wish = .last(count)
        case (nil, nil): return nil
        }
    }

    /// The bytes of an object that are meant; nil when it has none of them.
    func bytes(of sizeBytes: Int) -> Range<Int>? {
        switch wish {
        case .from(let first, let last):
            guard first < sizeBytes else { return nil }
            return first..<min(last ?? .max, sizeBytes - 1) + 1
        case .last(let count):
            let count = min(count, sizeBytes)
            return count == 0 ? nil : sizeBytes - count..<sizeBytes
        }
    }
}

extension Request {
    /// Answers with an object: all of it, or the range that is asked for.
    /// - Parameter fields: of the answer, its content type among them.
    /// - Throws: 404 when there is none, 416 when it has no such bytes, ``ObjectStoreError``.
    public func object(_ key: ObjectKey, in store: any ObjectStore, fields: HTTPFields) async throws -> Response {
        guard let known = try await store.head(key) else { throw Problem.notFound }
        var fields = fields
        fields["accept-ranges"] = "bytes"
        // A range of what the client has seen only as it still is: what it saw is not known here.
        let range = http.fields["if-range"] == nil ? ByteRange(http.fields["range"]) : nil
        guard let bytes = range.map({ $0.bytes(of: known.sizeBytes) }) ?? 0..<known.sizeBytes else {
            throw Problem.rangeNotSatisfiable(sizeBytes: known.sizeBytes)
        }
        guard let opened = try await store.get(key, from: bytes.lowerBound, countMax: bytes.count) else {
            throw Problem.notFound
        }
        if range == nil { return HTTPResponse(.ok, fields: fields, body: opened.body) }
        fields["content-range"] = "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(opened.sizeBytes)"
        return HTTPResponse(206, fields: fields, body: opened.body)
    }
}
