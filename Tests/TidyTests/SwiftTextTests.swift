import Testing

@Suite struct SwiftTextTests {
    private func code(_ text: String) -> String { SwiftText(text).code.joined(separator: "\n") }

    @Test func `comments do not count as code`() {
        #expect(code("a // try!\nb /* x /* y */ z */ c") == "a        \nb                   c")
    }

    @Test func `the text of a literal does not count as code, its interpolations do`() {
        let text = SwiftText(#"f("a \(g("b")) c", d)"#)
        #expect(text.code == [#"f("  \(g(" "))  ", d)"#])
        #expect(text.literals.map(\.text) == ["b", "a  c"])
    }

    @Test func `raw and long literals end where they end`() {
        let text = SwiftText("let a = #\"x \"y\" \\n\"# ; b\nlet c = \"\"\"\n  // \"quoted\"\n  \"\"\" + d")
        #expect(text.literals.map(\.text) == ["x \"y\" \\n", "\n  // \"quoted\"\n  "])
        #expect(text.literals.map(\.line) == [1, 2])
        #expect(text.code.first?.hasSuffix("\"# ; b") == true)
        #expect(text.code.last?.hasSuffix("\"\"\" + d") == true)
    }

    @Test func `functions are measured by the lines between their braces`() {
        let text = """
            protocol P { func empty() }
            func one(_ f: () -> Void = {}) -> Int { 1 }
            func three(
                a: Int
            ) async throws {
                a
                if a { b }
                c
            }
            init(x: Int) {
                y
            }
            """
        let functions = File(path: "A.swift", text: text).functions
        #expect(functions.map(\.name) == ["one", "three", "init"])
        #expect(functions.map(\.bodyLineCount) == [1, 3, 1])
        #expect(functions.map(\.line) == [2, 3, 10])
    }
}
