#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// What a child writes to us by.
final class Pipe {
    /// As much as a pipe holds: what a child that has ended left behind is read at once.
    private static let chunkBytes = 64 * 1024

    let forChild: Int32
    private let ours: Int32
    private var isChilds = false
    private var isAtEnd = false

    init() throws(SubprocessError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .ofSystem("a pipe") }
        (ours, forChild) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ours, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(ours)
        if !isChilds { close(forChild) }
    }

    /// Where to wait for more; -1 when there will be none.
    var watched: Int32 { isAtEnd ? -1 : ours }

    /// Our copy of the child's end would keep us from seeing its end.
    func leaveToChild() {
        isChilds = true
        close(forChild)
    }

    /// What is there, as much as a pipe holds; nil when that is nothing.
    func read() -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunkBytes) { buffer, count in
            let read = systemRead(ours, buffer.baseAddress, Self.chunkBytes)
            isAtEnd = read == 0
            count = max(0, read)
        }
        return bytes.isEmpty ? nil : bytes
    }
}

/// What a child reads: a file without a name, so that nobody has to write while it reads.
final class InputFile {
    /// -1 for nothing to read.
    let descriptor: Int32

    init(_ bytes: [UInt8]) throws(SubprocessError) {
        if bytes.isEmpty {
            descriptor = -1
            return
        }
        var path = Array("/tmp/hub-input-XXXXXX".utf8CString)
        descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw .ofSystem("a file to read from") }
        unlink(path)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count > 0 { written += count } else if errno != EINTR { throw .ofSystem("a file to read from") }
        }
        lseek(descriptor, 0, SEEK_SET)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}

extension SubprocessError {
    fileprivate static func ofSystem(_ what: String) -> SubprocessError {
        .notStarted(path: what, reason: String(cString: strerror(errno)))
    }
}

/// `read` of the system; methods of that name would hide it.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
