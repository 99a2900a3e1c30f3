#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Starts a detached thread. `body` gets `context` and owns it.
func startThread(
    running body: @escaping @Sendable (UnsafeMutableRawPointer) -> Void, context: UnsafeMutableRawPointer
) -> Bool {
    let start = Unmanaged.passRetained(ThreadStart(body: body, context: context))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    #if canImport(Glibc)
    var thread = pthread_t()
    #else
    var thread: pthread_t?
    #endif
    let status = pthread_create(&thread, &attributes, threadMain, start.toOpaque())
    if status != 0 { start.release() }
    return status == 0
}

// @unchecked: handed from the starting thread to the new one, never shared.
private final class ThreadStart: @unchecked Sendable {
    let body: @Sendable (UnsafeMutableRawPointer) -> Void
    let context: UnsafeMutableRawPointer
    init(body: @escaping @Sendable (UnsafeMutableRawPointer) -> Void, context: UnsafeMutableRawPointer) {
        self.body = body
        self.context = context
    }
}

#if canImport(Glibc)
private func threadMain(_ raw: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let raw else { return nil }
    let start = Unmanaged<ThreadStart>.fromOpaque(raw).takeRetainedValue()
    start.body(start.context)
    return nil
}
#else
private func threadMain(_ raw: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    let start = Unmanaged<ThreadStart>.fromOpaque(raw).takeRetainedValue()
    start.body(start.context)
    return nil
}
#endif
