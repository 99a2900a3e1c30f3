internal import CMicrohttpd

// The C side calls these on the loop's thread. Its `connection` is the reference `opened` gave away and `closed` takes back.

private func connection(_ raw: UnsafeMutableRawPointer?) -> ServerConnection? {
    raw.map { Unmanaged<ServerConnection>.fromOpaque($0).takeUnretainedValue() }
}

extension hub_http_callbacks {
    mutating func setAll() {
        opened = { context, peer, address in
            guard let context, let peer, let address else { return nil }
            let listener = Unmanaged<Listener>.fromOpaque(context).takeUnretainedValue()
            guard let connection = listener.open(peer, String(cString: address)) else { return nil }
            return Unmanaged.passRetained(connection).toOpaque()
        }
        closed = { raw in
            guard let raw else { return }
            let connection = Unmanaged<ServerConnection>.fromOpaque(raw).takeRetainedValue()
            connection.finished(isComplete: false)
            connection.listener.close(connection)
        }
        began = { connection($0)?.began() }
        head = { raw, head in
            guard let connection = connection(raw), let head else { return 0 }
            return connection.receive(head.pointee) ? 1 : 0
        }
        body = { raw, bytes, count in
            connection(raw)?.receive(UnsafeBufferPointer(start: bytes, count: count)) ?? -1
        }
        end = { connection($0)?.receivedAll() == true ? 1 : 0 }
        finished = { connection($0)?.finished(isComplete: $1 != 0) }
        read = { raw, _, buffer, count in
            switch connection(raw)?.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: count)) {
            case .copied(let count): count
            case .later: Int(HUB_HTTP_READ_LATER)
            case .end: Int(HUB_HTTP_READ_END)
            case .broken, nil: Int(HUB_HTTP_READ_BROKEN)
            }
        }
        left = { connection($0)?.left() }
    }
}
