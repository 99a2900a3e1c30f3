#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A pipe that a child writes to.
final class Pipe {
    /// The capacity of a pipe: what an ended child left behind is read at once.
    private static let chunkBytes = 64 * 1024

    let forChild: Int32
    private let ours: Int32
    private var isChilds = false
    private var isAtEnd = false

    init() throws(SubprocessError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .ofSystem("create a pipe") }
        (ours, forChild) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ours, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(ours)
        if !isChilds { close(forChild) }
    }

    /// The descriptor to poll; -1 after the end of input.
    var watched: Int32 { isAtEnd ? -1 : ours }

    /// Closes our copy of the child's end; otherwise we would never see the end of input.
    func leaveToChild() {
        isChilds = true
        close(forChild)
    }

    /// The available bytes, at most a pipe's capacity; nil when there are none.
    func read() -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunkBytes) { buffer, count in
            let read = systemRead(ours, buffer.baseAddress, Self.chunkBytes)
            isAtEnd = read == 0
            count = max(0, read)
        }
        return bytes.isEmpty ? nil : bytes
    }
}

/// A child's input: an anonymous file, so that nobody has to write while the child reads.
final class InputFile {
    /// -1 for no input.
    let descriptor: Int32

    init(_ bytes: [UInt8]) throws(SubprocessError) {
        if bytes.isEmpty {
            descriptor = -1
            return
        }
        var path = Array("/tmp/hub-input-XXXXXX".utf8CString)
        descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw .ofSystem("create a file for the input") }
        unlink(path)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count > 0 { written += count } else if errno != EINTR { throw .ofSystem("write a file for the input") }
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

/// The system call `read`; methods of that name hide it.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
