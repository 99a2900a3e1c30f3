import Avro

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A run over a contracts folder and the folder of its generated Swift sources.
public struct GenerationRun {
    let history: ContractHistory
    let output: String
    /// File name → text.
    public let sources: [String: String]

    /// - Throws: ``GenerationError`` or `ContractHistoryError`, naming the file.
    public init(contracts: String, output: String) throws {
        history = try ContractHistory(folder: contracts)
        self.output = output
        sources = try Generator.sources(from: history.contracts.map { try Contract($0) })
    }

    /// The rules that changed schemas break, a line each.
    private var violations: [String] {
        history.contracts.flatMap { contract in contract.violations.map { "\(contract.topic): \($0)" } }
    }

    /// Problems, one per line; empty when there is nothing to write.
    public func stale() throws -> [String] {
        let unrecorded = history.contracts.filter { !$0.isRecorded }.map {
            "\($0.topic): the schema is not the latest version in history; run `make contracts`"
        }
        let changed = try changedSources().map { "\(output)/\($0): out of date; run `make contracts`" }
        return violations + unrecorded + changed
    }

    /// Writes changed files, unless a schema breaks a rule.
    /// - Returns: the broken rules.
    func write(_ tell: (String) -> Void) throws -> [String] {
        guard violations.isEmpty else {
            return violations + ["If the latest version in history is not released yet, delete its file there."]
        }
        for path in try history.record() { tell("recorded \(path)") }
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        for name in try changedSources() {
            let url = URL(filePath: "\(output)/\(name)")
            if let text = sources[name] {
                try Data(text.utf8).write(to: url)
                tell("wrote \(output)/\(name)")
            } else {
                try FileManager.default.removeItem(at: url)
                tell("removed \(output)/\(name)")
            }
        }
        return []
    }

    /// Files that are missing, different or obsolete.
    private func changedSources() throws -> [String] {
        var present: [String] = []
        if FileManager.default.fileExists(atPath: output) {
            present = try FileManager.default.contentsOfDirectory(atPath: output).filter { $0.hasSuffix(".swift") }
        }
        let changed = sources.filter { name, text in
            FileManager.default.contents(atPath: "\(output)/\(name)") != Data(text.utf8)
        }
        return (changed.map(\.key) + present.filter { sources[$0] == nil }).sorted()
    }
}
