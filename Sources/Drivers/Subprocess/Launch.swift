internal import CProcess

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The child's ends of the pipes, and whether it outlives us.
struct Launch {
    var path: String
    var arguments: [String]
    var environment: [String: String]
    var folder = "/"
    var user: String?
    var input: Int32 = -1
    var output: Int32 = -1
    var errors: Int32 = -1
    var limits: Subprocess.Limits?

    /// - Returns: the process id.
    func start() throws(SubprocessError) -> Int32 {
        let id = withCStrings([path] + arguments) { arguments in
            withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                order(arguments, environment)
            }
        }
        if id < 0 { throw .notStarted(path: path, reason: String(cString: strerror(errno))) }
        return id
    }

    private func order(
        _ arguments: UnsafePointer<UnsafePointer<CChar>?>, _ environment: UnsafePointer<UnsafePointer<CChar>?>
    ) -> Int32 {
        path.withCString { path in
            folder.withCString { folder in
                withOptionalCString(user) { user in
                    var order = hub_process_order(
                        path: path, arguments: arguments, environment: environment, folder: folder, user: user,
                        input: input, output: output, errors: errors,
                        memory_bytes_max: UInt64(clamping: limits?.memoryBytesMax ?? 0),
                        cpu_seconds_max: UInt64(clamping: limits?.cpuSecondsMax ?? 0),
                        file_bytes_max: UInt64(clamping: limits?.fileBytesMax ?? 0), is_bound: limits == nil ? 0 : 1)
                    return hub_process_start(&order)
                }
            }
        }
    }
}

private func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let text else { return body(nil) }
    return text.withCString(body)
}

/// Strings as a C array, ended by NULL.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies.map { UnsafePointer($0) } + [nil])
}
