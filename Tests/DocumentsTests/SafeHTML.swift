/// Parses HTML strictly, and reports everything that is not on an allow-list, so that every browser and parser interprets
/// accepted HTML in the same way.
struct SafeHTML {
    /// The violations; empty if there are none.
    private(set) var violations: [String] = []
    /// The start tags, in order.
    private(set) var tags: [Tag] = []
    /// The text between the tags, as displayed.
    private(set) var text = ""

    struct Tag: Equatable {
        let name: String
        let attributes: [String: String]
    }

    private static let attributes: [String: Set<String>] = [
        "a": ["href", "title", "rel"], "img": ["src", "alt", "title"], "code": ["class"], "ol": ["start"],
        "input": ["type", "checked", "disabled"], "td": ["align"], "th": ["align"],
    ]
    private static let plain: Set<String> = [
        "p", "br", "hr", "em", "strong", "del", "pre", "code", "ul", "ol", "li", "blockquote", "h1", "h2", "h3", "h4",
        "h5",
        "h6", "table", "thead", "tbody", "tr", "td", "th", "a", "img", "input",
    ]
    private static let empty: Set<String> = ["br", "hr", "img", "input"]

    init(_ html: String) {
        var open: [String] = []
        var rest = Substring(html)
        while let start = rest.firstIndex(where: { $0 == "<" || $0 == ">" }) {
            text += Self.decoded(rest[..<start], &violations)
            rest = rest[start...]
            if let end = rest.prefixMatch(of: /<\/([a-z][a-z0-9]*)>/) {
                if open.popLast() != String(end.output.1) { violations.append("\(end.output.0) ends what is not open") }
                rest = rest[end.range.upperBound...]
            } else if let tag = rest.prefixMatch(of: /<([a-z][a-z0-9]*)((?: [a-z]+="[^"<>]*")*)( \/)?>/) {
                let name = String(tag.output.1)
                note(Tag(name: name, attributes: attributes(of: tag.output.2, in: name)))
                if !Self.empty.contains(name) { open.append(name) }
                rest = rest[tag.range.upperBound...]
            } else {
                violations.append("no tag: \(rest.prefix(60))")
                rest = rest.dropFirst()
            }
        }
        text += Self.decoded(rest, &violations)
        if !open.isEmpty { violations.append("left open: \(open)") }
    }

    private mutating func note(_ tag: Tag) {
        tags.append(tag)
        if !Self.plain.contains(tag.name) { violations.append("element \(tag.name)") }
        for (name, value) in tag.attributes {
            if !Self.attributes[tag.name, default: []].contains(name) { violations.append("\(tag.name) has \(name)") }
            if ["href", "src"].contains(name), !Self.isHarmless(value, tag.name) {
                violations.append("\(name) \(value)")
            }
        }
        if tag.name == "a", tag.attributes["rel"] != "nofollow noopener" { violations.append("a link without rel") }
        if tag.name == "input", tag.attributes["type"] != "checkbox" || tag.attributes["disabled"] == nil {
            violations.append("an input that is no shown tick")
        }
    }

    private mutating func attributes(of text: Substring, in name: String) -> [String: String] {
        text.matches(of: /\ ([a-z]+)="([^"]*)"/).reduce(into: [:]) { all, match in
            let key = String(match.output.1)
            if all[key] != nil { violations.append("\(name) has \(key) twice") }
            all[key] = Self.decoded(match.output.2, &violations)
        }
    }

    /// As a browser reads an address: it passes over control characters and blanks around it.
    private static func isHarmless(_ address: String, _ element: String) -> Bool {
        let seen = address.unicodeScalars.filter { $0.value > 0x20 && $0.value != 0x7f }.map(String.init).joined()
        guard let scheme = seen.prefixMatch(of: /([A-Za-z][A-Za-z0-9+.\-]*):/)?.output.1.lowercased() else {
            return true
        }
        return ["http", "https"].contains(scheme) || (scheme == "mailto" && element == "a")
    }

    private static func decoded(_ text: Substring, _ violations: inout [String]) -> String {
        let named = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "#x27": "'"]
        var decoded = ""
        var rest = text
        while let start = rest.firstIndex(of: "&") {
            decoded += rest[..<start]
            guard let end = rest[start...].prefix(10).firstIndex(of: ";"),
                let character = named[String(rest[rest.index(after: start)..<end])]
            else {
                violations.append("a bare ampersand: \(rest[start...].prefix(20))")
                return decoded
            }
            decoded += character
            rest = rest[rest.index(after: end)...]
        }
        return decoded + rest
    }
}
