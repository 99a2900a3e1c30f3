import Foundation

/// What the kernel tells of this process.
enum ThreadLook {
    /// Whether the thread of the loop with this name waits for something to happen. One that spins is never seen to, for so long.
    static func isAsleep(_ name: String) -> Bool {
        let tasks = "/proc/self/task"
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: tasks),
            let thread = threads.first(where: { text("\(tasks)/\($0)/comm").hasPrefix(name + "\n") })
        else { return false }
        return (0..<50).allSatisfy { _ in text("\(tasks)/\(thread)/status").contains("State:\tS") }
    }

    /// How many descriptors are open.
    static var descriptorCount: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }

    private static func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}
