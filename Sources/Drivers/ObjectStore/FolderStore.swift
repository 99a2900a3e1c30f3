public import EventLoop
public import HTTP

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif
internal import Synchronization

/// Objects as files in one folder, for a hub on one machine. `/` in a key becomes `=` in the file name, so there are no subfolders and no
/// key leads outside the folder. A file gets its final name only when it is completely on disk.
public struct FolderStore: ObjectStore {
    public let path: String
    private let pool: BlockingPool
    private let preparation = Preparation()

    /// - Parameters:
    ///   - path: created with the first object.
    ///   - pool: where file operations run.
    public init(path: String, pool: BlockingPool) {
        self.path = path
        self.pool = pool
    }

    public func put(
        _ body: HTTPBody, at key: ObjectKey, contentType: String, sha256: [UInt8]?
    ) async throws(ObjectStoreError) -> PutObject {
        let checked = try CheckedBody(body, sha256: sha256)
        let draft = try await onPool { [path, preparation] () throws(ObjectStoreError) in
            try preparation.prepare(path)
            return try FileDraft(in: path)
        }
        while let chunk = try await checked.next() {
            try await onPool { () throws(ObjectStoreError) in try draft.write(chunk) }
        }
        try await onPool { () throws(ObjectStoreError) in try draft.commit(as: Self.fileName(of: key)) }
        return try await checked.finished()
    }

    public func get(
        _ key: ObjectKey, from start: Int, countMax: Int?
    ) async throws(ObjectStoreError) -> OpenedObject? {
        let file = file(of: key)
        guard let opened = try await onPool({ () throws(ObjectStoreError) in try OpenFile(file) }) else { return nil }
        let size = opened.sizeBytes
        guard start == 0 || (0..<size).contains(start) else { throw .outside(sizeBytes: size) }
        let count = min(size - start, countMax ?? .max)
        opened.seek(to: start, count: count)
        let body = HTTPBody.stream(length: count) {
            try await onPool { () throws(ObjectStoreError) in try opened.read() }
        }
        return OpenedObject(sizeBytes: size, body: body)
    }

    public func head(_ key: ObjectKey) async throws(ObjectStoreError) -> ListedObject? {
        let file = file(of: key)
        return try await onPool { () throws(ObjectStoreError) in
            try sizeBytes(of: file).map { ListedObject(key: key, sizeBytes: $0) }
        }
    }

    public func delete(_ key: ObjectKey) async throws(ObjectStoreError) {
        let file = file(of: key)
        try await onPool { [path] () throws(ObjectStoreError) in
            if unlink(file) != 0 {
                if errno == ENOENT { return }
                throw .ofSystem("remove a file")
            }
            try syncFolder(path)
        }
    }

    public func list(
        prefix: String, after last: ObjectKey?, countMax: Int
    ) async throws(ObjectStoreError) -> [ListedObject] {
        try await onPool { [path] () throws(ObjectStoreError) in
            let keys = try names(in: path).compactMap(Self.key)
                .filter { key in key.text.hasPrefix(prefix) && last.map { key > $0 } ?? true }.sorted()
            var objects: [ListedObject] = []
            for key in keys where objects.count < countMax {
                // The file was deleted meanwhile.
                guard let size = try sizeBytes(of: "\(path)/\(Self.fileName(of: key))") else { continue }
                objects.append(ListedObject(key: key, sizeBytes: size))
            }
            return objects
        }
    }

    public func address(of key: ObjectKey, for lifetime: Duration) -> String? { nil }

    public func check() async throws(ObjectStoreError) {
        try await onPool { [path, preparation] () throws(ObjectStoreError) in
            try preparation.prepare(path)
            guard access(path, R_OK | W_OK | X_OK) == 0 else { throw .ofSystem("use the folder") }
        }
    }

    // MARK: Names

    private func file(of key: ObjectKey) -> String { "\(path)/\(Self.fileName(of: key))" }

    private static func fileName(of key: ObjectKey) -> String { key.text.replacing("/", with: "=") }

    /// nil for files that are not objects: drafts and foreign files.
    private static func key(of fileName: String) -> ObjectKey? {
        try? ObjectKey(fileName.replacing("=", with: "/"))
    }

    private func onPool<Result: Sendable>(
        _ work: @escaping @Sendable () throws(ObjectStoreError) -> Result
    ) async throws(ObjectStoreError) -> Result {
        do {
            return try await pool.run { try work() }
        } catch let error as ObjectStoreError {
            throw error
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .unavailable("too many file operations are waiting")
        }
    }
}

/// Creates the folder and removes stale drafts before this process first uses it; a process that stores no objects does not need it.
private final class Preparation: Sendable {
    private let isDone = Atomic(false)

    func prepare(_ path: String) throws(ObjectStoreError) {
        if isDone.load(ordering: .acquiring) { return }
        try makeFolder(path)
        try FileDraft.removeAbandoned(in: path)
        isDone.store(true, ordering: .releasing)
    }
}
