public import HTTP

/// Stores files by key, atomically: a folder, or an S3 bucket. One test suite covers both.
public protocol ObjectStore: Sendable {
    /// Stores a body under a key, replacing an existing object. The object is durable once this returns. When this throws, the old object
    /// is unchanged, or the new one is stored if only the response was lost.
    /// - Parameters:
    ///   - body: its length must be known.
    ///   - contentType: the content type sent to browsers that use ``address(of:for:)``.
    ///   - sha256: the expected digest of the body; nil when unknown.
    /// - Returns: the stored object with the digest of the body.
    @discardableResult
    func put(
        _ body: HTTPBody, at key: ObjectKey, contentType: String, sha256: [UInt8]?
    ) async throws(ObjectStoreError) -> PutObject

    /// Opens an object at an offset.
    /// - Parameters:
    ///   - start: the offset of the first byte.
    ///   - countMax: how many bytes; nil for all.
    /// - Returns: nil when there is no such object.
    /// - Throws: ``ObjectStoreError/outside(sizeBytes:)`` when the offset is beyond the end.
    func get(_ key: ObjectKey, from start: Int, countMax: Int?) async throws(ObjectStoreError) -> OpenedObject?

    /// nil when there is no such object.
    func head(_ key: ObjectKey) async throws(ObjectStoreError) -> ListedObject?

    /// Deletes an object; does nothing when there is none.
    func delete(_ key: ObjectKey) async throws(ObjectStoreError)

    /// Lists objects in byte order of their keys.
    /// - Parameters:
    ///   - prefix: the common prefix of the keys.
    ///   - last: only keys after this one.
    ///   - countMax: 1 to 1,000.
    func list(prefix: String, after last: ObjectKey?, countMax: Int) async throws(ObjectStoreError) -> [ListedObject]

    /// A URL that allows anyone to download the object for a limited time. nil when the store has none: the caller must serve the bytes.
    func address(of key: ObjectKey, for lifetime: Duration) -> String?

    /// Checks whether the store is usable.
    func check() async throws(ObjectStoreError)
}

extension ObjectStore {
    /// Stores in-memory bytes under a key.
    @discardableResult
    public func put(_ bytes: [UInt8], at key: ObjectKey, contentType: String) async throws(ObjectStoreError)
        -> PutObject
    {
        try await put(.bytes(bytes), at: key, contentType: contentType, sha256: nil)
    }

    /// Opens a whole object.
    public func get(_ key: ObjectKey) async throws(ObjectStoreError) -> OpenedObject? {
        try await get(key, from: 0, countMax: nil)
    }
}

/// A stored object.
public struct PutObject: Sendable, Equatable {
    public let sizeBytes: Int
    /// 32 bytes.
    public let sha256: [UInt8]
}

/// An object, or a range of it, opened for reading.
public struct OpenedObject: Sendable {
    /// The size of the whole object.
    public let sizeBytes: Int
    /// The requested bytes.
    public let body: HTTPBody
}

/// An object's metadata.
public struct ListedObject: Sendable, Equatable {
    public let key: ObjectKey
    public let sizeBytes: Int
}

/// Why a store operation failed. Descriptions contain no keys.
public enum ObjectStoreError: Error, Sendable, Equatable {
    /// The key is invalid, see ``ObjectKey``.
    case badKey
    /// The body's length is unknown or differs from the announced one.
    case wrongLength
    /// The body does not match its digest.
    case wrongChecksum
    /// The body ended before its announced length.
    case bodyInterrupted
    /// The requested offset is beyond the end of the object.
    case outside(sizeBytes: Int)
    /// The store is unreachable or overloaded: retry later.
    case unavailable(String)
    /// Permanent: no such bucket, or no access to it.
    case refused(String)
    case cancelled
}

extension ObjectStoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badKey: "the key is invalid"
        case .wrongLength: "the body does not have its announced length"
        case .wrongChecksum: "the body does not have its announced checksum"
        case .bodyInterrupted: "the body ended early"
        case .outside(let size): "the offset is beyond the end of the object, which has \(size) bytes"
        case .unavailable(let reason), .refused(let reason): reason
        case .cancelled: "the operation was cancelled"
        }
    }
}
