internal import Avro
internal import YAML

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
    private static let bytesMax = 8 * 1024 * 1024

    let yaml: [UInt8]
    /// The same document.
    let json: [UInt8]
    let tree: JSONTree

    /// Blocks: reads files.
    /// - Parameter folder: as configured; nil to look for it above the program.
    /// - Returns: nil when there is none where nobody said there was one.
    /// - Throws: the file system's error when the folder cannot be read; ``YAMLError`` and `AvroError` when it holds no such document.
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

    /// - Parameter parts: the texts of the files, the one with what holds for all first.
    /// - Throws: ``YAMLError`` and `AvroError` when they are not put together to a document.
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
            // Several files have calls of one path, and components of one kind.
            var parts = Block(indent: 2)
            parts.add(body)
            for (part, lower) in parts.entries { lines += [part] + lower }
        }
        yaml = Array((lines.joined(separator: "\n") + "\n").utf8)
        json = try YAML.json(of: yaml)
        tree = try JSONTree(parsing: json, bytesMax: Self.bytesMax)
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
