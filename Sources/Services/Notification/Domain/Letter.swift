/// The equivalent text and HTML parts of a mail.
struct Letter: Sendable, Equatable {
    let text: String
    let html: String

    /// - Parameter facts: must include the recipient's name and language, see ``Facts/addressed(to:)``.
    init(_ kind: NoticeKind, _ facts: Facts) {
        let language = Language(rawValue: facts[.language]) ?? .english
        let wording = Wording(kind, facts, in: language)
        let courtesy = Courtesy(to: facts[.firstName], in: language)
        let paragraphs = [courtesy.greeting, wording.body] + wording.more + [courtesy.closing]
        text = paragraphs.joined(separator: "\n\n") + "\n"
        html = Self.page(wording.title, paragraphs, language)
    }

    /// Simple HTML for all mail clients. `dir="auto"` handles right-to-left names in left-to-right text.
    private static func page(_ title: String, _ paragraphs: [String], _ language: Language) -> String {
        let body = paragraphs.map { "<p dir=\"auto\">\(HTML.escaped($0))</p>" }.joined(separator: "\n")
        return """
            <!doctype html>
            <html lang="\(language.rawValue)">
            <head><meta charset="utf-8"><title>\(HTML.escaped(title))</title></head>
            <body style="font-family: sans-serif; line-height: 1.5; max-width: 36em; margin: 1.5em auto; padding: 0 1em">
            \(body)
            </body>
            </html>

            """
    }
}

enum HTML {
    /// Escapes text for HTML elements and attributes.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        escaped.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
