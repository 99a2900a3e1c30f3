import Avro
import Foundation
import Testing
import avro_generate

@Suite struct GenerationTests {
    private let contracts = Golden.packageRoot.appending(path: "contracts").path()
    private let output = Golden.packageRoot.appending(path: "Sources/Backbone/Contracts/Generated").path()

    @Test func `the generated types and the history are up to date`() throws {
        let stale = try GenerationRun(contracts: contracts, output: output).stale()
        #expect(stale.isEmpty, "\(stale.joined(separator: "\n"))")
    }

    /// A copy of the contracts in which one schema is changed.
    private func withContracts(_ topic: String, _ change: (String) -> String, _ body: (String) throws -> Void) throws {
        let copy = FileManager.default.temporaryDirectory.appending(path: "contracts-\(UUID().uuidString)").path()
        let original = URL(filePath: contracts).resolvingSymlinksInPath().path()
        try FileManager.default.copyItem(atPath: original, toPath: copy)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        let file = URL(filePath: "\(copy)/\(topic).avsc")
        try change(String(contentsOf: file, encoding: .utf8)).write(to: file, atomically: true, encoding: .utf8)
        try body(copy)
    }

    @Test func `a changed schema is stale until it is recorded as a new version`() throws {
        let changed: (String) -> String = {
            $0.replacingOccurrences(
                of: #"{"name": "firstName""#,
                with: #"{"name": "locale", "type": "string", "default": "en"}, {"name": "firstName""#)
        }
        try withContracts("user.registered", changed) { copy in
            let run = try GenerationRun(contracts: copy, output: output)
            #expect(try run.stale().count == 2)
            #expect(try ContractHistory(folder: copy).record() == ["\(copy)/history/user.registered/2.avsc"])
            #expect(
                try GenerationRun(contracts: copy, output: output).stale() == [
                    "\(output)/UserRegistered.swift: out of date; run `make contracts`"
                ])
            #expect(try ContractHistory(folder: copy).contracts.allSatisfy { $0.violations.isEmpty })
        }
    }

    @Test func `a change that breaks a reader is refused, naming field and rule`() throws {
        try withContracts("user.deleted", { $0.replacingOccurrences(of: #""default": null,"#, with: "") }) { copy in
            let stale = try GenerationRun(contracts: copy, output: output).stale()
            // The reason may still be null, but a reader of the new schema no longer has a default for it: no data is lost, so
            // only the record that changed is named.
            #expect(stale.contains { $0.hasPrefix("user.deleted") })
        }
        try withContracts(
            "user.registered", { $0.replacingOccurrences(of: #""name": "email""#, with: #""name": "mail""#) }
        ) { copy in
            let stale = try GenerationRun(contracts: copy, output: output).stale()
            #expect(
                stale.contains(
                    "user.registered: data.mail: a field the writer does not have needs a default: learninghub.events.UserRegisteredData does not have it (reading version 1)"
                ))
        }
    }

    @Test func `a history that was shortened is refused`() throws {
        try withContracts("user.registered", { $0 }) { copy in
            try FileManager.default.moveItem(
                atPath: "\(copy)/history/user.registered/1.avsc", toPath: "\(copy)/history/user.registered/2.avsc")
            #expect(throws: ContractHistoryError.self) { try ContractHistory(folder: copy) }
        }
    }
}
