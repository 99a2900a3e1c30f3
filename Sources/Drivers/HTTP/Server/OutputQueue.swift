/// The bytes a connection still has to send. Small pieces are merged by copying; large ones are sent in place.
struct OutputQueue {
    enum Outcome {
        case sent
        /// The socket's send buffer is full.
        case blocked
        /// The peer closed the connection.
        case broken
    }

    /// Up to this size, pieces are merged by copying.
    private static let copiedBytesMax = 16 * 1024
    /// The buffer capacity kept for the next response.
    private static let keptBytesMax = 2 * 1024

    private var pieces: [[UInt8]] = []
    /// The first piece that is not sent completely, and how many of its bytes are sent.
    private var index = 0
    private var offset = 0
    private(set) var byteCount = 0

    var isEmpty: Bool { byteCount == 0 }

    mutating func append(_ bytes: [UInt8]) {
        if let last = pieces.indices.last, last >= index, pieces[last].count + bytes.count <= Self.copiedBytesMax {
            pieces[last].append(contentsOf: bytes)
        } else {
            pieces.append(bytes)
        }
        byteCount += bytes.count
    }

    /// Appends the bytes that `write` writes, in place.
    mutating func append(_ write: (inout [UInt8]) -> Void) {
        if pieces.count == index || pieces[pieces.count - 1].count > Self.copiedBytesMax { pieces.append([]) }
        let last = pieces.count - 1, before = pieces[last].count
        write(&pieces[last])
        byteCount += pieces[last].count - before
    }

    mutating func send(on socket: Socket) -> Outcome {
        while byteCount > 0 {
            let isLast = index == pieces.count - 1
            if offset < pieces[index].count {
                let count = pieces[index].withUnsafeBytes { bytes in
                    socket.send(UnsafeRawBufferPointer(rebasing: bytes[offset...]), more: !isLast)
                }
                guard count > 0 else { return count == 0 ? .blocked : .broken }
                byteCount -= count
                offset += count
            }
            if offset == pieces[index].count, !isLast {
                pieces[index] = []
                (index, offset) = (index + 1, 0)
            }
        }
        if pieces.count == 1, pieces[0].capacity <= Self.keptBytesMax {
            pieces[0].removeAll(keepingCapacity: true)
        } else {
            pieces = []
        }
        (index, offset) = (0, 0)
        return .sent
    }
}
