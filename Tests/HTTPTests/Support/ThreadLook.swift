import Foundation

/// Kernel information about a thread of this process.
final class ThreadLook {
    /// Kept open: it can be read when there is no descriptor for anything else.
    private let status: FileHandle

    /// - Returns: nil when there is no thread of this name.
    init?(_ name: String) {
        let tasks = "/proc/self/task", manager = FileManager.default
        let threads = (try? manager.contentsOfDirectory(atPath: tasks)) ?? []
        let thread = threads.first {
            manager.contents(atPath: "\(tasks)/\($0)/comm").map { String(decoding: $0, as: UTF8.self) } == name + "\n"
        }
        guard let thread, let status = FileHandle(forReadingAtPath: "\(tasks)/\(thread)/status") else { return nil }
        self.status = status
    }

    /// Whether the thread waits for something to happen. One that spins is never seen to, for so long.
    var isAsleep: Bool {
        (0..<50).allSatisfy { _ in
            try? status.seek(toOffset: 0)
            let text = try? status.readToEnd()
            return text.map { String(decoding: $0, as: UTF8.self).contains("State:\tS") } ?? false
        }
    }

    /// How many descriptors are open.
    static var descriptorCount: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }
}
