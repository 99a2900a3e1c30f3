import Foundation

/// The files of the repository by path, or sample files for a rule.
struct Tree: Sendable {
    /// In order of their paths.
    let files: [File]

    init(_ texts: [String: String]) {
        files = texts.sorted { $0.key < $1.key }.map { File(path: $0.key, text: $0.value) }
    }

    func contains(_ path: String) -> Bool { files.contains { $0.path == path } }

    func containsFolder(_ path: String) -> Bool { files.contains { $0.path.hasPrefix(path + "/") } }

    /// Swift files of the product: everything under `Sources`.
    var product: [File] { files.filter { $0.isSwift && $0.path.hasPrefix("Sources/") } }

    /// Swift files of the tests.
    var tests: [File] { files.filter { $0.isSwift && $0.path.hasPrefix("Tests/") } }
}

extension Tree {
    /// The repository this file lies in.
    static let checkedOut: Tree = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var texts: [String: String] = [:]
        collect(root, prefix: "", into: &texts)
        return Tree(texts)
    }()

    /// Build results, private files and third-party files.
    private static let skipped: Set<String> = [".git", ".venv", ".data", ".env", "__pycache__", "node_modules"]

    private static func collect(_ folder: URL, prefix: String, into texts: inout [String: String]) {
        let keys: [URLResourceKey] = [.isDirectoryKey]
        let entries = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: keys)) ?? []
        for entry in entries {
            let name = entry.lastPathComponent
            if skipped.contains(name) || name.hasPrefix(".build") { continue }
            if (try? entry.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true {
                collect(entry, prefix: prefix + name + "/", into: &texts)
            } else {
                // A binary file counts as present and has no lines.
                texts[prefix + name] = (try? String(contentsOf: entry, encoding: .utf8)) ?? ""
            }
        }
    }
}

/// One file: its text, and for Swift its code without comments and literals.
struct File: Sendable {
    let path: String
    let text: String
    let lines: [String]
    /// The lines with comments and the contents of string literals blanked out; empty for other languages.
    let code: [String]
    let literals: [SwiftText.Literal]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let swift = path.hasSuffix(".swift") ? SwiftText(text) : nil
        code = swift?.code ?? []
        literals = swift?.literals ?? []
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
    var isMarkdown: Bool { path.hasSuffix(".md") }
    var folders: [String] { path.split(separator: "/").dropLast().map(String.init) }
    var name: String { String(path.split(separator: "/").last ?? "") }

    /// Lines of text; an end of line closes the last one.
    var lineCount: Int { lines.last == "" ? lines.count - 1 : lines.count }

    /// The target of a file under `Sources` or `Tests`.
    var target: String? {
        let folders = folders
        guard let top = folders.first, folders.count >= 2 else { return nil }
        if top == "Tests" || folders[1] == "Platform" { return folders[1] }
        return top == "Sources" && folders.count >= 3 ? folders[2] : nil
    }

    var layer: Layer? { folders.first == "Sources" && folders.count >= 2 ? Layer(rawValue: folders[1]) : nil }

    func isIn(_ folder: String) -> Bool { path.hasPrefix(folder + "/") }
}

/// The folders of `Sources`, from the bottom up.
enum Layer: String, CaseIterable, Comparable {
    case system = "System"
    case drivers = "Drivers"
    case backbone = "Backbone"
    case platform = "Platform"
    case services = "Services"
    case programs = "Programs"

    static func < (one: Layer, other: Layer) -> Bool {
        guard let first = allCases.firstIndex(of: one), let second = allCases.firstIndex(of: other) else {
            return false
        }
        return first < second
    }
}
