/// What a connection still has to send. Small pieces are put together, large ones are sent from where they are.
struct OutputQueue {
    enum Outcome {
        case sent
        /// The socket takes no more for now.
        case blocked
        /// The peer is gone.
        case broken
    }

    /// A piece grows no further by copying.
    private static let copiedBytesMax = 16 * 1024
    /// What is kept for the next answer.
    private static let keptBytesMax = 2 * 1024

    private var pieces: [[UInt8]] = []
    /// The first piece that is not sent whole, and how much of it is.
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

    /// Appends what `write` writes, where it is to stay.
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
