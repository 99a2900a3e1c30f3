/// The text and the HTML part of a mail, which say the same.
struct Letter: Sendable, Equatable {
    let text: String
    let html: String

    /// - Parameter facts: among them the reader's name and language, see ``Facts/addressed(to:)``.
    init(_ kind: NoticeKind, _ facts: Facts) {
        let language = Language(rawValue: facts[.language]) ?? .english
        let wording = Wording(kind, facts, in: language)
        let courtesy = Courtesy(to: facts[.firstName], in: language)
        let paragraphs = [courtesy.greeting, wording.body] + wording.more + [courtesy.closing]
        text = paragraphs.joined(separator: "\n\n") + "\n"
        html = Self.page(wording.title, paragraphs, language)
    }

    /// Plain enough for every mail program. `dir="auto"`: a name may be written from right to left in a text that is not.
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
    /// Text that can stand in an element or an attribute and nowhere be taken for markup.
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
