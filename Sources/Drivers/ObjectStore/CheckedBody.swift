internal import HTTP
internal import Secrets
internal import Synchronization

/// A body whose length and digest are computed while it is read. The last chunk is returned only when both are correct, so that a reader
/// never receives a complete but wrong body.
final class CheckedBody: Sendable {
    let length: Int
    private let expected: [UInt8]?
    private let state: Mutex<State>
    private let digest = SHA256Computation()

    private struct State {
        var rest: HTTPBody.AsyncIterator
        /// The chunk held back until the next one arrives.
        var held: [UInt8]?
        var count = 0
        var sha256: [UInt8]?
        var failure: ObjectStoreError?
    }

    /// - Throws: ``ObjectStoreError/wrongLength`` when the body's length is not known.
    init(_ body: HTTPBody, sha256 expected: [UInt8]?) throws(ObjectStoreError) {
        guard let length = body.length else { throw .wrongLength }
        self.length = length
        self.expected = expected
        state = Mutex(State(rest: body.makeAsyncIterator()))
    }

    /// The error of the body, when sending failed because of it.
    var failure: ObjectStoreError? { state.withLock { $0.failure } }

    /// The stored object, when the consumer did not read past the last chunk.
    func finished() async throws(ObjectStoreError) -> PutObject {
        while try await next() != nil {}
        return PutObject(sizeBytes: length, sha256: state.withLock { $0.sha256 } ?? [])
    }

    /// The next chunk, nil at the end. One reader.
    func next() async throws(ObjectStoreError) -> [UInt8]? {
        if let failure { throw failure }
        do throws(ObjectStoreError) {
            while true {
                guard let chunk = try await take() else { return try finish() }
                if chunk.isEmpty { continue }
                digest.update(chunk)
                let (held, count) = state.withLock { state in
                    state.count += chunk.count
                    defer { state.held = chunk }
                    return (state.held, state.count)
                }
                // A consumer that counts bytes stops at the length and would not read the end.
                if count > length { throw .wrongLength }
                if let held { return held }
            }
        } catch {
            state.withLock { $0.failure = error }
            throw error
        }
    }

    private func take() async throws(ObjectStoreError) -> [UInt8]? {
        var rest = state.withLock { $0.rest }
        do throws(HTTPBodyError) {
            let chunk = try await rest.next()
            state.withLock { [rest] in $0.rest = rest }
            return chunk
        } catch .cancelled {
            throw .cancelled
        } catch {
            throw .bodyInterrupted
        }
    }

    /// The held chunk, if length and digest are correct; nil on the second call.
    private func finish() throws(ObjectStoreError) -> [UInt8]? {
        let (held, count) = state.withLock { state in
            defer { state.held = nil }
            return (state.held, state.count)
        }
        if state.withLock({ $0.sha256 != nil }) { return nil }
        let made = digest.finish()
        guard count == length else { throw .wrongLength }
        guard expected == nil || expected == made else { throw .wrongChecksum }
        state.withLock { $0.sha256 = made }
        return held
    }
}
