import Documents
import EventLoop
import Testing

@Suite struct MarkdownTests {
    let renderer: MarkdownRenderer

    init() throws { renderer = try MarkdownRenderer(pool: .forTests()) }

    @Test func `headings, emphasis, lists, quotations and code become their elements`() async throws {
        let html = try await renderer.html(
            of:
                "# One\n\nSome *text* with **weight** and `code`.\n\n1. first\n2. second\n\n> said\n\n```swift\nlet a = 1 < 2\n```\n"
        )
        #expect(
            html == """
                <h1>One</h1>
                <p>Some <em>text</em> with <strong>weight</strong> and <code>code</code>.</p>
                <ol>
                <li>first</li>
                <li>second</li>
                </ol>
                <blockquote>
                <p>said</p>
                </blockquote>
                <pre><code class="language-swift">let a = 1 &lt; 2
                </code></pre>

                """)
    }

    @Test func `a table becomes one, its columns aligned`() async throws {
        let html = try await renderer.html(of: "| a | b |\n|:--|--:|\n| 1 | 2 |\n")
        #expect(SafeHTML(html).violations == [])
        #expect(SafeHTML(html).tags.map(\.name) == ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"])
        #expect(html.contains(#"<td align="right">2</td>"#))
    }

    @Test func `tildes strike through, and tasks show a tick nobody can change`() async throws {
        #expect(try await renderer.html(of: "~~gone~~") == "<p><del>gone</del></p>\n")
        let tasks = SafeHTML(try await renderer.html(of: "- [x] done\n- [ ] open\n"))
        #expect(tasks.violations == [])
        #expect(tasks.tags.filter { $0.name == "input" }.map { $0.attributes["checked"] } == ["", nil])
    }

    @Test(arguments: [
        "[there](https://example.org/a?b=c&d=e#f)", "[there](http://example.org)", "[there](mailto:a@example.org)",
        "[there](/courses/1)", "[there](lesson-2)", "[there](#part)", "[there](../a:b)", "[there](//example.org)",
        "https://example.org/here", "www.example.org", "a@example.org", "<https://example.org>",
        "[there]\n\n[there]: /a 'b'",
    ])
    func `an allowed address becomes a link with nofollow`(document: String) async throws {
        let html = SafeHTML(try await renderer.html(of: document))
        #expect(html.violations == [])
        #expect(html.tags.map(\.name) == ["p", "a"])
    }

    @Test func `every link of a document has the same rel attributes`() async throws {
        let html = try await renderer.html(
            of: "[a](/1) <a href=\"/2\"> [b](/3 \"t\")\n\n`<a href>` https://example.org")
        #expect(
            html == """
                <p><a rel="nofollow noopener" href="/1">a</a>  <a rel="nofollow noopener" href="/3" title="t">b</a></p>
                <p><code>&lt;a href&gt;</code> <a rel="nofollow noopener" href="https://example.org">https://example.org</a></p>

                """)
    }

    @Test func `a picture may come from the web or from beside the page`() async throws {
        let html = SafeHTML(try await renderer.html(of: "![a *b*](https://example.org/a.png \"c\") ![d](/media/1)"))
        #expect(html.violations == [])
        #expect(html.tags.filter { $0.name == "img" }.map { $0.attributes["alt"] } == ["a b", "d"])
    }

    @Test func `names and texts of any script are unchanged`() async throws {
        let text = "Ω – العربية – हिन्दी – 中文 – 👩‍🏫"
        #expect(try await renderer.html(of: text) == "<p>\(text)</p>\n")
    }

    @Test func `empty documents give empty HTML`() async throws {
        #expect(try await renderer.html(of: "") == "")
        #expect(try await renderer.html(of: "\n \n") == "")
    }

    @Test func `concurrent documents give the same result as sequential ones`() async throws {
        let document = "~~a~~ www.example.org\n\n| a |\n|---|\n| 1 |\n\n- [x] b\n"
        let expected = try await renderer.html(of: document)
        let other = try MarkdownRenderer(pool: .forTests())
        await withTaskGroup(of: Bool.self) { group in
            for index in 0..<200 {
                group.addTask { (try? await (index % 2 == 0 ? renderer : other).html(of: document)) == expected }
            }
            for await isSame in group { #expect(isSame) }
        }
    }
}

extension BlockingPool {
    /// Shared by all tests: nothing of it needs to end.
    static func forTests() throws -> BlockingPool {
        try BlockingPool(name: "documents", threadCount: 2, queueCountMax: 1_000)
    }
}
