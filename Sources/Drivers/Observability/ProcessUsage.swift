#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Resource usage of the process, under the names of the Prometheus client libraries.
struct ProcessUsage {
    struct Measure {
        let name: String
        let help: String
        let type: String
        let value: Double
    }

    let measures: [Measure]

    init() {
        var measures = [
            Measure(
                name: "process_cpu_seconds_total", help: "Total user and system CPU time in seconds.",
                type: "counter", value: Self.cpuSeconds)
        ]
        if let bytes = Self.residentBytes {
            measures.append(
                Measure(
                    name: "process_resident_memory_bytes", help: "Resident memory size in bytes.", type: "gauge",
                    value: Double(bytes)))
        }
        if let count = Self.openDescriptorCount {
            measures.append(
                Measure(
                    name: "process_open_fds", help: "Number of open file descriptors.", type: "gauge",
                    value: Double(count)))
        }
        measures.append(
            Measure(
                name: "process_max_fds", help: "Maximum number of open file descriptors.", type: "gauge",
                value: Double(Self.descriptorCountMax)))
        self.measures = measures
    }

    private static var cpuSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The second number of `/proc/self/statm`, in pages; nil when the file does not exist.
    private static var residentBytes: Int? {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let fields = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static var openDescriptorCount: Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Without `.`, `..` and the folder's own descriptor.
        return max(0, count - 3)
    }

    private static var descriptorCountMax: UInt64 {
        var limit = rlimit()
        #if canImport(Glibc)
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
        getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        return UInt64(limit.rlim_cur)
    }
}
