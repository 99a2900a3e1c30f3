internal import Avro
internal import YAML

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The API description: one file per service, next to the program, merged into one document.
///
/// The files use YAML block style, one key per line and two spaces per level, so that they can be merged by line. `gateway.yaml` has
/// the common parts; the others contain `paths`, `components` and optionally `tags`.
struct APIDescription: Sendable {
    private static let folderName = "openapi"
    private static let first = "gateway.yaml"
    private static let bytesMax = 8 * 1024 * 1024

    let yaml: [UInt8]
    /// The same document.
    let json: [UInt8]
    let tree: JSONTree

    /// Blocks: reads files.
    /// - Parameter folder: as configured; nil to search above the program.
    /// - Returns: nil when that search finds none.
    /// - Throws: the file system's error when the folder cannot be read; ``YAMLError`` and `AvroError` for invalid contents.
    static func read(_ folder: String?) throws -> APIDescription? {
        if let folder { return try APIDescription(from: URL(filePath: folder)) }
        var place = URL(filePath: CommandLine.arguments.first ?? ".").deletingLastPathComponent()
        if let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            place = URL(filePath: program).deletingLastPathComponent()
        }
        for _ in 0..<8 {
            let folder = place.appending(path: folderName)
            if FileManager.default.fileExists(atPath: folder.appending(path: first).path) {
                return try APIDescription(from: folder)
            }
            place = place.deletingLastPathComponent()
        }
        return nil
    }

    init(from folder: URL) throws {
        let others = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".yaml") && $0 != Self.first }.sorted()
        try self.init(
            parts: ([Self.first] + others).map { name in
                String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
            })
    }

    /// - Parameter parts: the file texts, the common one first.
    /// - Throws: ``YAMLError`` and `AvroError` when the merged document is invalid.
    init(parts: [String]) throws {
        var whole = Block()
        for part in parts { whole.add(part.split(separator: "\n", omittingEmptySubsequences: false)) }
        var lines: [Substring] = []
        for (key, body) in whole.entries {
            lines.append(key)
            guard ["paths:", "components:"].contains(key) else {
                lines += body
                continue
            }
            // Several files may share a path or a kind of component.
            var parts = Block(indent: 2)
            parts.add(body)
            for (part, lower) in parts.entries { lines += [part] + lower }
        }
        yaml = Array((lines.joined(separator: "\n") + "\n").utf8)
        json = try YAML.json(of: yaml)
        tree = try JSONTree(parsing: json, bytesMax: Self.bytesMax)
    }
}

/// The keys of one level in order of first appearance, each with all lines below it.
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
        // Blank lines at the end only separate files.
        for index in entries.indices {
            while entries[index].body.last?.isEmpty == true { entries[index].body.removeLast() }
        }
    }
}
