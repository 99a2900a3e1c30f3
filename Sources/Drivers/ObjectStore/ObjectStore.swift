public import HTTP

/// Where files are kept by name, whole or not at all: a folder, or a bucket of S3. One suite of tests holds for both.
public protocol ObjectStore: Sendable {
    /// Keeps a body under a name, in place of what was there. It is there for good once this returns; when this throws, what was
    /// there before still is, or, if the answer was lost, the new one.
    /// - Parameters:
    ///   - body: of a known length.
    ///   - contentType: what a browser is told that is sent to ``address(of:for:)``.
    ///   - sha256: what the digest of the body must be; nil when nobody knows yet.
    /// - Returns: what is there now, with the digest of what was sent.
    @discardableResult
    func put(
        _ body: HTTPBody, at key: ObjectKey, contentType: String, sha256: [UInt8]?
    ) async throws(ObjectStoreError) -> PutObject

    /// Opens an object, from a byte on.
    /// - Parameters:
    ///   - start: the first byte wanted.
    ///   - countMax: how many; nil for all that follow.
    /// - Returns: nil when there is none.
    /// - Throws: ``ObjectStoreError/outside(sizeBytes:)`` when it has no such byte.
    func get(_ key: ObjectKey, from start: Int, countMax: Int?) async throws(ObjectStoreError) -> OpenedObject?

    /// Nil when there is none.
    func head(_ key: ObjectKey) async throws(ObjectStoreError) -> ListedObject?

    /// Removes an object; nothing happens when there is none.
    func delete(_ key: ObjectKey) async throws(ObjectStoreError)

    /// Objects in the order of their names' bytes.
    /// - Parameters:
    ///   - prefix: what the names begin with.
    ///   - last: only what comes behind it.
    ///   - countMax: 1 to 1,000.
    func list(prefix: String, after last: ObjectKey?, countMax: Int) async throws(ObjectStoreError) -> [ListedObject]

    /// An address under which anybody may fetch the object for a while. Nil when the store has none: then the caller sends the bytes.
    func address(of key: ObjectKey, for lifetime: Duration) -> String?

    /// Whether the store can be used at all.
    func check() async throws(ObjectStoreError)
}

extension ObjectStore {
    /// Keeps bytes at hand under a name.
    @discardableResult
    public func put(_ bytes: [UInt8], at key: ObjectKey, contentType: String) async throws(ObjectStoreError)
        -> PutObject
    {
        try await put(.bytes(bytes), at: key, contentType: contentType, sha256: nil)
    }

    /// Opens the whole of an object.
    public func get(_ key: ObjectKey) async throws(ObjectStoreError) -> OpenedObject? {
        try await get(key, from: 0, countMax: nil)
    }
}

/// What was put into a store.
public struct PutObject: Sendable, Equatable {
    public let sizeBytes: Int
    /// 32 bytes.
    public let sha256: [UInt8]
}

/// An object, or a part of it, on its way.
public struct OpenedObject: Sendable {
    /// Of the whole object.
    public let sizeBytes: Int
    /// The bytes that were asked for.
    public let body: HTTPBody
}

/// What a store knows of an object without reading it.
public struct ListedObject: Sendable, Equatable {
    public let key: ObjectKey
    public let sizeBytes: Int
}

/// Why a store did not do what was asked. Descriptions name no object.
public enum ObjectStoreError: Error, Sendable, Equatable {
    /// The name is none, see ``ObjectKey``.
    case badKey
    /// The body's length is not known, or it had another one.
    case wrongLength
    /// The body is not the one its digest says.
    case wrongChecksum
    /// The body broke off on its way here.
    case bodyInterrupted
    /// The object has no byte where reading should begin.
    case outside(sizeBytes: Int)
    /// Not reachable, or overloaded: later it may work.
    case unavailable(String)
    /// It will not do that, however often it is asked: no such bucket, no right to it.
    case refused(String)
    case cancelled
}
