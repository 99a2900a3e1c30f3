import Avro
import Testing

@testable import Gateway

@Suite struct APIDescriptionMergeTests {
    @Test func `the files of the description become one document`() throws {
        let hub =
            "info:\n  description: |\n    one\n\n    two\npaths:\n  /a:\n    get:\ncomponents:\n  schemas:\n    A:\n      type: x\n"
        let other =
            "paths:\n  /b:\n    get:\n  /a:\n    post:\ncomponents:\n  schemas:\n    B:\n      type: y\n  responses:\n    C:\n      z: 1\n"
        let whole = """
            info:
              description: |
                one

                two
            paths:
              /a:
                get:
                post:
              /b:
                get:
            components:
              schemas:
                A:
                  type: x
                B:
                  type: y
              responses:
                C:
                  z: 1

            """
        let description = try APIDescription(parts: [hub, other])
        #expect(String(decoding: description.yaml, as: UTF8.self) == whole)
        #expect(description.tree["paths"]?["/a"] == .object([.init("get", .null), .init("post", .null)]))
    }

    @Test func `a part that two files describe is refused`() {
        #expect(throws: AvroError.self) {
            try APIDescription(parts: ["paths:\n  /a:\n    get: {}\n", "paths:\n  /a:\n    get: {}\n"])
        }
    }
}
