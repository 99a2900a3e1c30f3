internal import CMagic

/// Detects the media type of a file by its content, with libmagic and its database.
///
/// Any thread may call it: a handle of libmagic serves one call. Opening one takes less than a millisecond, since the database is mapped
/// into memory, not read.
public enum FileType {
    /// The number of bytes to examine. The rules for media look at the first 4 KiB at most.
    public static let sampleBytesMax = 64 * 1024

    /// - Parameter bytes: the beginning of the file; bytes after ``sampleBytesMax`` are ignored.
    /// - Returns: a media type such as `image/png`; `application/octet-stream` for unknown content, including all text.
    public static func detect(_ bytes: [UInt8]) throws(FileTypeError) -> String {
        try MagicHandle(database: nil).type(of: bytes)
    }

    /// - Throws: ``FileTypeError/noDatabase(_:)``.
    public static func checkDatabase() throws(FileTypeError) { _ = try MagicHandle(database: nil) }
}

/// Why a type was not detected. The description contains none of the file.
public enum FileTypeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// libmagic's database is missing or unreadable; with its message.
    case noDatabase(String)
    case outOfMemory
    /// libmagic failed.
    case failed

    public var description: String {
        switch self {
        case .noDatabase(let reason):
            "the database of file types cannot be read: \(reason). Install libmagic-mgc (Debian) or libmagic (Homebrew), or name a database in the environment variable MAGIC"
        case .outOfMemory: "there is no memory to detect a file type"
        case .failed: "libmagic could not examine the file"
        }
    }
}

/// Owns a handle of libmagic, from creation to the end of its scope. It cannot be copied, so it never reaches a second thread at the same
/// time, and the C pointer does not leave it.
struct MagicHandle: ~Copyable {
    private let pointer: OpaquePointer

    /// - Parameter database: a path; nil for the system's.
    init(database: String?) throws(FileTypeError) {
        guard let pointer = hub_magic_open() else { throw .outOfMemory }
        guard hub_magic_load(pointer, database) == 0 else {
            let reason = hub_magic_message(pointer).map { String(cString: $0) } ?? "no reason is known"
            hub_magic_close(pointer)
            throw .noDatabase(reason)
        }
        self.pointer = pointer
    }

    deinit { hub_magic_close(pointer) }

    func type(of bytes: [UInt8]) throws(FileTypeError) -> String {
        let type = bytes.withUnsafeBytes { buffer in
            hub_magic_type(pointer, buffer.baseAddress, min(buffer.count, FileType.sampleBytesMax))
                // Copied before the next call invalidates it.
                .map { String(cString: $0) }
        }
        guard let type else { throw .failed }
        return type
    }
}
