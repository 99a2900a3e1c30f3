public import HTTP
public import ObjectStore

/// The single byte range of a `Range` field (RFC 9110, section 14).
struct ByteRange: Equatable {
    private enum Wish: Equatable {
        /// From one offset to another or to the end.
        case from(Int, through: Int?)
        /// A suffix length.
        case last(Int)
    }
    private let wish: Wish

    /// Nil for a field to ignore: other units, several ranges, bad syntax. The whole object is then sent.
    init?(_ field: String?) {
        let parts = field?.split(separator: "=", omittingEmptySubsequences: false) ?? []
        guard parts.count == 2, parts[0].lowercased() == "bytes" else { return nil }
        let ends = parts[1].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            return nil
        }
        // A number that overflows lies behind every end.
        let (first, last) = (ends[0].isEmpty ? nil : Int(ends[0]) ?? .max, ends[1].isEmpty ? nil : Int(ends[1]) ?? .max)
        switch (first, last) {
        case (let first?, let last):
            if let last, last < first { return nil }
            wish = .from(first, through: last)
        case (nil, let count?): wish = .last(count)
        case (nil, nil): return nil
        }
    }

    /// The requested bytes of an object; nil when it has none of them.
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
    /// Responds with an object: the whole, or the requested range.
    /// - Parameter fields: response fields, including content type.
    /// - Throws: 404 without such an object, 416 without such bytes, ``ObjectStoreError``.
    public func object(_ key: ObjectKey, in store: any ObjectStore, fields: HTTPFields) async throws -> Response {
        guard let known = try await store.head(key) else { throw Problem.notFound }
        var fields = fields
        fields["accept-ranges"] = "bytes"
        // `If-Range` cannot be verified here, so a request with it gets the whole object.
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
