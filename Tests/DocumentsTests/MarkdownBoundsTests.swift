import Documents
import Testing

@Suite struct MarkdownBoundsTests {
    let renderer: MarkdownRenderer

    init() throws { renderer = try MarkdownRenderer(pool: .forTests()) }

    /// Documents that take some version of a Markdown library far longer than their length suggests.
    static let patterns: [(name: String, unit: String)] = [
        ("emphasis that opens", "*a **a "), ("emphasis that closes", "a_ "), ("emphasis of both kinds", "*a_ "),
        ("multiples of three", "c* a**b"), ("links that open", "[a"), ("links that close", "a]"), ("brackets", "[ (]("),
        ("pictures", "![[]()"), ("pictures that open", "!["), ("links and emphasis", "[ a_"),
        ("unclosed links", "[a](b"),
        ("unclosed links in brackets", "[a](<b"), ("unclosed titles", "[a](b \""), ("open brackets", "["),
        ("open parentheses", "[a](("),
        ("quotations", "> "), ("quotations without blanks", ">"), ("lists", "- "), ("lists of stars", "* "),
        ("numbers", "1. "),
        ("lines of lists", "* a\n "), ("dashes", "-"), ("underscores", "_"), ("stars", "*"), ("tildes", "~"),
        ("tildes and letters", "~~a "),
        ("backticks", "`a``"), ("backslashes", "\\"), ("entities", "&"), ("comments", "<!--"), ("tags", "<a "),
        ("processing", "<?"),
        ("declarations", "<!A "), ("character data", "<![CDATA["), ("addresses", "www."), ("at signs", "a@"),
        ("mail", "a@b."),
        ("colons", "http://"), ("http and parentheses", "http://a("), ("underscored hosts", "www.a_"), ("w", "w"),
        ("tables", "a\n-\u{B}\n"),
        ("table lines", "| a |\n| - |\n"), ("pipes", "|"), ("pipes and dashes", "|-"),
        ("carriage returns", "aaa\rbbb\n-\u{B}\n"),
        ("blank lines", "\n"), ("tabs", "\t"), ("references", "[a]: /b\n"), ("headings", "#"), ("fences", "```\n"),
        ("NUL", "\u{0}"),
    ]

    @Test(arguments: patterns)
    func `a hostile document of any allowed length ends within the time limit`(name: String, unit: String)
        async throws
    {
        let count = renderer.limits.documentBytesMax
        let whole = String(repeating: unit, count: count / unit.utf8.count)
        let half = String(repeating: unit, count: count / unit.utf8.count / 2)
        for document in [
            whole, half + String(repeating: "\n", count: count / 2), half + String(repeating: "\na", count: count / 4),
        ] {
            let clock = ContinuousClock()
            let start = clock.now
            _ = try? await renderer.html(of: document)
            // More than it may take of a processor, since others use that too; without the bounds some take a minute.
            #expect(clock.now - start < renderer.limits.timeMax * 40, "\(name)")
        }
    }

    @Test func `expansion of repeated references is limited`() async throws {
        let references = "[a]: /\(String(repeating: "x", count: 60_000))\n\n" + String(repeating: "[a]", count: 20_000)
        await #expect(throws: MarkdownError.tooComplex) { try await renderer.html(of: references) }
        let cells = String(repeating: "|a", count: 15_000) + "\n" + String(repeating: "|-", count: 15_000) + "\n"
        let table = cells + String(repeating: "|\n", count: 15_000)
        await #expect(throws: MarkdownError.tooComplex) { try await renderer.html(of: table) }
        #expect(try await renderer.html(of: "*a*") == "<p><em>a</em></p>\n", "and the next one is none the worse")
    }

    @Test func `only a document above the length limit is refused`() async throws {
        let longest = String(repeating: "a", count: renderer.limits.documentBytesMax)
        #expect(try await renderer.html(of: longest).utf8.count > longest.utf8.count)
        await #expect(throws: MarkdownError.tooLong(bytesMax: 128 * 1024)) {
            try await renderer.html(of: longest + "a")
        }
    }

    @Test(arguments: ["> ", "- ", "1. "])
    func `nesting is limited`(mark: String) async throws {
        // Each entry is two parts, a list and its entry; the paragraph and its text are two more.
        let parts = mark == "> " ? 1 : 2
        let deepest = (renderer.limits.depthMax - 2) / parts
        let html = SafeHTML(try await renderer.html(of: String(repeating: mark, count: deepest) + "a"))
        #expect(html.violations == [])
        for count in [deepest + 1, 200, 20_000] {
            await #expect(throws: MarkdownError.tooDeep(depthMax: 100)) {
                try await renderer.html(of: String(repeating: mark, count: count) + "a")
            }
        }
    }

    @Test func `list entries in separate lines count towards the nesting limit`() async throws {
        let document = (0..<200).map { String(repeating: "  ", count: $0) + "- a\n" }.joined()
        await #expect(throws: MarkdownError.tooDeep(depthMax: 100)) { try await renderer.html(of: document) }
    }

    @Test func `normal documents are within all limits, up to the maximum length`() async throws {
        let chapter = """
            ## A heading

            Some *text* with [a link](https://example.org/page), `code` and **weight**, as long as people write lines.

            | a | b |
            |---|---|
            | 1 | 2 |

            - one
              - two

            """
        let document = String(repeating: chapter, count: renderer.limits.documentBytesMax / chapter.utf8.count)
        #expect(SafeHTML(try await renderer.html(of: document)).violations == [])
    }
}
