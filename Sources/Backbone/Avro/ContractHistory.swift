#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The folder `contracts/`: `<topic>.avsc` is the current schema of each event, `history/<topic>/<version>.avsc` are all its versions.
public struct ContractHistory: Sendable {
    /// One topic's current schema and its versions.
    public struct Contract: Sendable {
        public let topic: String
        public let text: String
        public let schema: Schema
        /// Oldest first; the last is the current one, once it is recorded.
        public let versions: [Schema]

        /// Why the schema is not compatible with its versions; empty when it is.
        public var violations: [CompatibilityViolation] {
            ContractGate.violations(of: schema, after: versions)
        }

        /// Whether the schema is the latest version.
        public var isRecorded: Bool { versions.last == schema }
    }

    public let folder: String
    /// Sorted by topic.
    public let contracts: [Contract]

    /// - Throws: ``ContractHistoryError`` with the file that cannot be read or parsed.
    public init(folder: String) throws(ContractHistoryError) {
        self.folder = folder
        var contracts: [Contract] = []
        for name in try Self.files(in: folder, orEmpty: false) where name.hasSuffix(".avsc") {
            let topic = String(name.dropLast(5))
            let (text, schema) = try Self.schema(at: "\(folder)/\(name)")
            contracts.append(
                Contract(topic: topic, text: text, schema: schema, versions: try Self.versions(of: topic, in: folder)))
        }
        self.contracts = contracts
    }

    private static func versions(of topic: String, in folder: String) throws(ContractHistoryError) -> [Schema] {
        let history = "\(folder)/history/\(topic)"
        var versions: [Int: Schema] = [:]
        for name in try files(in: history, orEmpty: true) where name.hasSuffix(".avsc") {
            guard let version = Int(name.dropLast(5)) else {
                throw ContractHistoryError("\(history)/\(name): versions are named 1.avsc, 2.avsc and so on")
            }
            versions[version] = try schema(at: "\(history)/\(name)").schema
        }
        guard versions.keys.sorted() == Array(1..<versions.count + 1) else {
            throw ContractHistoryError("\(history): a version is missing; the history is never shortened")
        }
        return versions.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Records each schema that is not the latest version as a new one.
    /// - Returns: the files written.
    public func record() throws -> [String] {
        var written: [String] = []
        for contract in contracts where !contract.isRecorded {
            let history = "\(folder)/history/\(contract.topic)"
            try FileManager.default.createDirectory(atPath: history, withIntermediateDirectories: true)
            let path = "\(history)/\(contract.versions.count + 1).avsc"
            try Data(contract.text.utf8).write(to: URL(filePath: path))
            written.append(path)
        }
        return written
    }

    private static func files(in folder: String, orEmpty: Bool) throws(ContractHistoryError) -> [String] {
        if orEmpty, !FileManager.default.fileExists(atPath: folder) { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw ContractHistoryError("\(folder): cannot be read")
        }
    }

    private static func schema(at path: String) throws(ContractHistoryError) -> (text: String, schema: Schema) {
        guard let data = FileManager.default.contents(atPath: path), let text = String(validating: data, as: UTF8.self)
        else { throw ContractHistoryError("\(path): cannot be read") }
        do {
            return (text, try Schema(parsing: text))
        } catch {
            throw ContractHistoryError("\(path): \(error)")
        }
    }
}

/// Why the contracts could not be read, with the file name.
public struct ContractHistoryError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
