#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The description of the API: a file for each service beside the program, put together into one document.
///
/// The files keep to block style, a key a line, two spaces a level, so that they can be put together line by line. `gateway.yaml` says
/// what holds for all of them, the others bring `paths`, `components` and perhaps `tags`.
struct APIDescription: Sendable {
    private static let folderName = "openapi"
    private static let first = "gateway.yaml"

    let yaml: [UInt8]

    /// Blocks: reads files.
    /// - Parameter folder: as configured; nil to look for it above the program.
    /// - Returns: nil when there is none where nobody said there was one.
    /// - Throws: the file system's error when the configured folder cannot be read.
    static func read(_ folder: String?) throws -> APIDescription? {
        if let folder { return try APIDescription(from: URL(filePath: folder)) }
        var place = URL(filePath: CommandLine.arguments.first ?? ".").deletingLastPathComponent()
        if let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            place = URL(filePath: program).deletingLastPathComponent()
        }
        for _ in 0..<8 {
            if let found = try? APIDescription(from: place.appending(path: folderName)) { return found }
            place = place.deletingLastPathComponent()
        }
        return nil
    }

    init(from folder: URL) throws {
        let others = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".yaml") && $0 != Self.first }.sorted()
        self.init(
            parts: try ([Self.first] + others).map { name in
                String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
            })
    }

    /// - Parameter parts: the texts of the files, the one with what holds for all first.
    init(parts: [String]) {
        var whole = Block()
        for part in parts { whole.add(part.split(separator: "\n", omittingEmptySubsequences: false)) }
        var lines: [Substring] = []
        for (key, body) in whole.entries {
            lines.append(key)
            guard key == "components:" else {
                lines += body
                continue
            }
            // Several files have components of one kind.
            var kinds = Block(indent: 2)
            kinds.add(body)
            for (kind, components) in kinds.entries { lines += [kind] + components }
        }
        yaml = Array((lines.joined(separator: "\n") + "\n").utf8)
    }
}

/// The keys of one level in the order they first came, each with all the lines that stood below it.
private struct Block {
    var indent = 0
    private(set) var entries: [(key: Substring, body: [Substring])] = []

    init(indent: Int = 0) { self.indent = indent }

    mutating func add(_ lines: [Substring]) {
        var current: Int?
        for line in lines {
            if !line.isEmpty, line.prefix(while: { $0 == " " }).count == indent {
                current = entries.firstIndex { $0.key == line }
                if current == nil {
                    entries.append((line, []))
                    current = entries.count - 1
                }
            } else if let current {
                entries[current].body.append(line)
            }
        }
        // What separates files is no part of their text.
        for index in entries.indices {
            while entries[index].body.last?.isEmpty == true { entries[index].body.removeLast() }
        }
    }
}
