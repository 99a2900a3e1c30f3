internal import HTTP
internal import Secrets
internal import Synchronization

/// A body that is measured and digested on its way. The last chunk is given on only when all of them are what they should be, so that
/// whoever takes a body up to its end never has a wrong one.
final class CheckedBody: Sendable {
    let length: Int
    private let expected: [UInt8]?
    private let state: Mutex<State>
    private let digest = SHA256Computation()

    private struct State {
        var rest: HTTPBody.AsyncIterator
        /// The chunk that waits for the next one to come.
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

    /// What went wrong with the body, when sending it has failed for that.
    var failure: ObjectStoreError? { state.withLock { $0.failure } }

    /// What was put, when nobody has asked for anything behind the last chunk yet.
    func finished() async throws(ObjectStoreError) -> PutObject {
        while try await next() != nil {}
        return PutObject(sizeBytes: length, sha256: state.withLock { $0.sha256 } ?? [])
    }

    /// The next chunk, nil behind the last. One reader.
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
                // Who sends by the length would not ask for the rest.
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

    /// The chunk that was held, when everything is as it should be; nil the second time.
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
