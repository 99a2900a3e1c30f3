import Testing

@testable import Gateway

@Suite struct APIDescriptionMergeTests {
    @Test func `the files of the description become one document`() {
        let hub =
            "info:\n  description: |\n    one\n\n    two\npaths:\n  /a:\n    get:\ncomponents:\n  schemas:\n    A:\n      type: x\n"
        let other =
            "paths:\n  /b:\n    get:\ncomponents:\n  schemas:\n    B:\n      type: y\n  responses:\n    C:\n      z: 1\n"
        let whole = """
            info:
              description: |
                one

                two
            paths:
              /a:
                get:
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
        #expect(String(decoding: APIDescription(parts: [hub, other]).yaml, as: UTF8.self) == whole)
    }
}
