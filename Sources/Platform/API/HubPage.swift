public import HTTP

/// HTML pages: one style, no scripts, no external resources.
public enum HubPage {
    private static let policy =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    /// - Parameters:
    ///   - title: plain text.
    ///   - main: HTML.
    public static func response(title: String, main: String) -> HTTPResponse {
        HTTPResponse(
            .ok,
            fields: [
                "content-type": "text/html; charset=utf-8",
                "content-security-policy": policy,
            ],
            body: .text(
                """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>\(escape(title))</title>
                <style>
                \(style)
                </style>
                </head>
                <body>
                <main>
                \(main)
                </main>
                </body>
                </html>

                """))
    }

    /// Escapes text for HTML.
    public static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }

    private static let style = """
        :root { color-scheme: light dark; background: #fff; color: #1a1a1a; }
        body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1.2rem; }
        h1 { font-size: 1.9rem; line-height: 1.2; margin-bottom: .2rem; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; padding: .45rem .8rem .45rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
        .even th, .even td { width: 30%; }
        td p { margin: 0; }
        code, pre { font: .92em ui-monospace, monospace; }
        td code { overflow-wrap: break-word; }
        pre { background: #8881; padding: .9rem 1rem; border-radius: .5rem; white-space: pre-wrap; overflow-wrap: anywhere; }
        nav ul { list-style: none; padding: 0; }
        nav code { font-weight: 600; }
        h2 { margin-top: 3rem; }
        h3 { margin-top: 2.4rem; overflow-wrap: anywhere; }
        h4 { margin: 1.2rem 0 .2rem; }
        .wide { overflow-x: auto; }
        td { overflow-wrap: anywhere; }
        .wide td { overflow-wrap: normal; }
        dt { margin-top: 1rem; }
        iframe { width: 100%; height: 24rem; border: 1px solid #8884; border-radius: .5rem; background: #fff; color-scheme: light; }
        form { margin: 1.5rem 0; }
        input, button { font: inherit; padding: .3rem .6rem; }
        a { color: #1d4ed8; }
        .good { color: #166534; }
        .bad { color: #b91c1c; font-weight: 600; }
        @media (prefers-color-scheme: dark) {
        :root { background: #121212; color: #eee; }
        a { color: #93c5fd; }
        .good { color: #86efac; }
        .bad { color: #fca5a5; }
        }
        """
}
