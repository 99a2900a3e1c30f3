/// Assembles the parts of a message.
struct MIMEWriter {
    private(set) var bytes: [UInt8] = []

    /// `=_` occurs neither in quoted-printable nor in base64 text, so the boundary cannot occur in a body.
    private static let boundary = "=_learning-hub"

    /// A header with a finished value. A long line is folded at spaces.
    mutating func header(_ name: String, _ value: String) {
        HeaderText.appendFolded(words: value.split(separator: " ").map(String.init), after: "\(name):", to: &bytes)
    }

    /// A header with free text in any script.
    mutating func header(_ name: String, text: String) {
        HeaderText.appendFolded(words: HeaderText.words(of: text), after: "\(name):", to: &bytes)
    }

    mutating func header(_ name: String, mailbox: Mailbox) {
        let words = HeaderText.phrase(of: mailbox.name ?? "") + ["<\(mailbox.address.rawValue)>"]
        HeaderText.appendFolded(words: words, after: "\(name):", to: &bytes)
    }

    /// Alternative forms of the same content; the preferred one is last.
    mutating func alternative(_ parts: [(type: String, content: String)]) {
        header("Content-Type", "multipart/alternative; boundary=\"\(Self.boundary)\"")
        line("")
        for (type, content) in parts {
            line("--\(Self.boundary)")
            part(type, content)
        }
        line("--\(Self.boundary)--")
    }

    /// A body with its headers, in the shorter encoding.
    mutating func part(_ type: String, _ content: String) {
        header("Content-Type", "\(type); charset=utf-8")
        if QuotedPrintable.suits(content) {
            header("Content-Transfer-Encoding", "quoted-printable")
            line("")
            QuotedPrintable.append(content, to: &bytes)
        } else {
            header("Content-Transfer-Encoding", "base64")
            line("")
            Base64Lines.append(Lines.canonical(content), to: &bytes)
        }
    }

    private mutating func line(_ text: String) {
        bytes += text.utf8
        bytes += [13, 10]
    }
}

enum Lines {
    /// The text as UTF-8 with CRLF line breaks, including a final one.
    static func canonical(_ text: String) -> [UInt8] {
        var canonical: [UInt8] = []
        canonical.reserveCapacity(text.utf8.count + text.utf8.count / 16 + 2)
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte == 13 || byte == 10 && previous != 13 {
                canonical.append(13)
                canonical.append(10)
            } else if byte != 10 {
                canonical.append(byte)
            }
            previous = byte
        }
        if previous != 10 && previous != 13 {
            canonical.append(13)
            canonical.append(10)
        }
        return canonical
    }
}
