internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The page behind a certificate's QR code. It runs no scripts and loads no resources.
enum VerificationPage {
    static let contentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

    static func html(of verification: Verification) -> String {
        let day = Wording.of(.english).facts(verification.issuedAt, score: verification.finalScore)
        let rows = [
            ("Name", verification.learnerName), ("Course", verification.courseTitle), ("Issued", day),
            ("Code", verification.code.text),
        ].map { "<dt>\($0)</dt><dd dir=\"auto\">\(escaped($1))</dd>" }.joined()
        return verification.isValid
            ? page("This certificate is valid", "valid", "<dl>\(rows)</dl>")
            : page("This certificate was revoked", "invalid", "<p>It is not valid any more.</p><dl>\(rows)</dl>")
    }

    static func html(of error: CertificateError) -> String {
        error == .erased
            ? page(
                "This certificate is gone", "invalid", "<p>The certificate was erased at the request of its owner.</p>")
            : page(
                "There is no such certificate", "invalid", "<p>Check the code: it has twelve letters and digits.</p>")
    }

    private static func page(_ heading: String, _ kind: String, _ body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        <title>\(heading) – Learning Hub</title>
        <style>
        :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
        main { max-width: 36rem; margin: 12vh auto; padding: 0 1.5rem; }
        h1 { font-size: 1.5rem; padding-left: 1rem; border-left: .4rem solid #b3261e; }
        .valid h1 { border-color: #1b7f3b; }
        dt { font-size: .85rem; opacity: .75; margin-top: 1rem; }
        dd { margin: 0; font-size: 1.15rem; overflow-wrap: anywhere; }
        </style>
        </head>
        <body>
        <main class="\(kind)">
        <h1>\(heading)</h1>
        \(body)
        </main>
        </body>
        </html>

        """
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
