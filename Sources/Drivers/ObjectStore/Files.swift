internal import Secrets
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

// MARK: Blocking file operations, called on a pool thread

/// A temporary file that is not visible under an object's name yet. It is deleted with the last reference unless committed.
final class FileDraft: Sendable {
    /// No object's file name has this prefix.
    private static let prefix = ".draft-"
    /// Drafts older than this are stale: no upload takes longer.
    private static let abandonedAfterSeconds = 24 * 3_600
    private let folder: String
    private let path: String
    private let descriptor: Int32
    private let isCommitted = Atomic(false)

    init(in folder: String) throws(ObjectStoreError) {
        self.folder = folder
        path = "\(folder)/\(Self.prefix)\(SecureRandom.token(byteCount: 16))"
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw .ofSystem("create a file") }
    }

    deinit {
        close(descriptor)
        if !isCommitted.load(ordering: .acquiring) { unlink(path) }
    }

    func write(_ bytes: [UInt8]) throws(ObjectStoreError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: $0[written...]))
            }
            if count > 0 {
                written += count
            } else if errno != EINTR {
                throw .ofSystem("write a file")
            }
        }
    }

    /// Deletes drafts left by killed processes. Drafts still being written are kept.
    static func removeAbandoned(in folder: String) throws(ObjectStoreError) {
        for name in try names(in: folder) where name.hasPrefix(prefix) {
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0 else { continue }
            if time(nil) - status.modifiedSeconds > abandonedAfterSeconds { unlink("\(folder)/\(name)") }
        }
    }

    /// Syncs the file to disk and renames it to its final name, replacing an existing file. The rename is durable when this returns.
    func commit(as name: String) throws(ObjectStoreError) {
        guard fsync(descriptor) == 0 else { throw .ofSystem("write a file to the disk") }
        guard rename(path, "\(folder)/\(name)") == 0 else { throw .ofSystem("rename a file") }
        isCommitted.store(true, ordering: .releasing)
        try syncFolder(folder)
    }
}

/// A file opened for reading from an offset. Replacing or deleting the file later does not affect the reader.
final class OpenFile: Sendable {
    /// The read size in bytes.
    private static let chunkBytes = 256 * 1024
    let sizeBytes: Int
    private let descriptor: Int32
    private let rest = Mutex(0..<0)

    /// nil when there is no such file.
    init?(_ path: String) throws(ObjectStoreError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        if descriptor < 0 {
            sizeBytes = 0
            if errno == ENOENT { return nil }
            throw .ofSystem("open a file")
        }
        guard fstat(descriptor, &status) == 0 else { throw .ofSystem("open a file") }
        sizeBytes = Int(status.st_size)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func seek(to start: Int, count: Int) { rest.withLock { $0 = start..<start + count } }

    /// The next bytes, nil when there are no more.
    func read() throws(ObjectStoreError) -> [UInt8]? {
        let range = rest.withLock { $0 }
        if range.isEmpty { return nil }
        let wanted = min(range.count, Self.chunkBytes)
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            let read = pread(descriptor, buffer.baseAddress, wanted, off_t(range.lowerBound))
            failed = read <= 0
            count = max(0, read)
        }
        // Object files are never truncated, so a read of 0 bytes is an error.
        if failed { throw .ofSystem("read a file") }
        rest.withLock { $0 = range.lowerBound + bytes.count..<range.upperBound }
        return bytes
    }
}

/// nil when there is no such file.
func sizeBytes(of path: String) throws(ObjectStoreError) -> Int? {
    var status = stat()
    if stat(path, &status) == 0 { return Int(status.st_size) }
    if errno == ENOENT { return nil }
    throw .ofSystem("stat a file")
}

/// Makes the last renames and deletions durable.
func syncFolder(_ path: String) throws(ObjectStoreError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .ofSystem("open the folder") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .ofSystem("write the folder to the disk") }
}

/// Creates a folder and its parents when missing.
func makeFolder(_ path: String) throws(ObjectStoreError) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
        throw .ofSystem("create the folder")
    }
    try makeFolder(String(path[..<slash]))
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .ofSystem("create the folder") }
}

/// The names of a folder's files, unordered; empty when the folder does not exist yet.
func names(in path: String) throws(ObjectStoreError) -> [String] {
    guard let folder = opendir(path) else {
        if errno == ENOENT { return [] }
        throw .ofSystem("read the folder")
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}

/// The system call `write`; methods of that name hide it.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

extension stat {
    fileprivate var modifiedSeconds: Int {
        #if canImport(Glibc)
        st_mtim.tv_sec
        #else
        st_mtimespec.tv_sec
        #endif
    }
}

extension ObjectStoreError {
    /// The last errno. All causes (full disk, missing permission, disk failure) can be fixed by an operator.
    static func ofSystem(_ doing: String) -> ObjectStoreError {
        .unavailable("cannot \(doing): \(String(cString: strerror(errno)))")
    }
}
