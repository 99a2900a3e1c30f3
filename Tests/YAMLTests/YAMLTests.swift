import Foundation
import HubTesting
import Testing

@testable import YAML

@Suite struct YAMLTests {
    private func json(_ yaml: String) throws -> String {
        String(decoding: try YAML.json(of: Array(yaml.utf8)), as: UTF8.self)
    }

    @Test func `maps, lists and texts become those of JSON, in their order`() throws {
        let yaml = """
            b: one
            a:
              - 'it''s'
              - "a \\"word\\"\\t"
              - { inner: [x, y] }
            text: |
              two
              lines
            folded: >-
              one
              line
            """
        #expect(
            try json(yaml)
                == #"{"b":"one","a":["it's","a \"word\"\u0009",{"inner":["x","y"]}],"text":"two\nlines\n","folded":"one line"}"#
        )
    }

    @Test(arguments: [
        ("true", "true"), ("False", "false"), ("~", "null"), ("", "null"), ("'true'", #""true""#), ("-12", "-12"),
        ("4.50", "4.50"), ("1e6", "1e6"), ("'12'", #""12""#), ("3.1.0", #""3.1.0""#), ("yes", #""yes""#),
        ("2026-01-31", #""2026-01-31""#), ("é", #""é""#),
    ])
    func `an unquoted text has the type of YAML's core schema`(yaml: String, json: String) throws {
        #expect(try self.json("a: \(yaml)") == #"{"a":\#(json)}"#)
    }

    @Test func `another implementation parses the API description to the same value`() async throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
        let folder = tests.deletingLastPathComponent().deletingLastPathComponent().appending(path: "openapi")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        try #require(files.count > 10)
        for file in files {
            let json = try YAML.json(of: Array(Data(contentsOf: file)))
            let compared = try await TestPython.run(
                tests.appending(path: "Scripts/compare.py").path, [file.path],
                input: String(decoding: json, as: UTF8.self))
            #expect(compared.code == 0, "\(file.lastPathComponent): \(compared.output)")
        }
    }

    @Test func `keys are texts`() throws {
        #expect(try json("200: a\ntrue: b") == #"{"200":"a","true":"b"}"#)
    }

    @Test(arguments: [
        "a: &b c", "a: *b", "a: !!str c", "a: b\n---\nc: d", "a: 0x1f", "a: +1", "a: .inf", "a: 007", "[a]: b",
    ])
    func `YAML without a JSON equivalent is refused`(yaml: String) throws {
        let error = try #require(throws: YAMLError.self) { try json(yaml) }
        #expect(error.reason == .notJSON || error.reason == .malformed)
    }

    @Test func `invalid YAML is refused with its line`() throws {
        #expect(throws: YAMLError(.malformed, line: 2)) { try json("a: b\n  c: d") }
        #expect(throws: YAMLError.self) { try json("") }
        #expect(throws: YAMLError.self) { try json("a: \"b") }
        #expect(throws: YAMLError.self) { try YAML.json(of: [0x61, 0x3a, 0x20, 0xff]) }
    }

    @Test func `too deep nesting is refused`() throws {
        let deepest = String(repeating: "[", count: YAML.depthMax) + String(repeating: "]", count: YAML.depthMax)
        #expect(try json(deepest) == deepest)
        #expect(throws: YAMLError(.tooDeep, line: 1)) { try json("[\(deepest)]") }
    }
}
