import Foundation
import HubTesting
import Testing

@testable import Documents

@Suite struct CertificatePageTests {
    private func page(_ name: String, _ title: String = "Distributed Systems in Practice") -> CertificatePage {
        CertificatePage(
            labels: .init(
                heading: "Certificate of completion", certifies: "This certifies that",
                completed: "has completed the course"),
            learnerName: name, courseTitle: title, facts: "29 November 2026 · Final score 93.5 %",
            code: "7K4Q-9XMD-22FA",
            verificationAddress: "https://hub.example.org/certificates/verify/7K4Q-9XMD-22FA",
            issuedAt: "2026-11-29T03:00:00Z")
    }

    @Test(arguments: [
        ("Ada Lovelace", "Distributed Systems in Practice"), ("فاطمة الزهراء بنت محمد", "مقدمة في علوم الحاسوب"),
        ("श्रीनिवास रामानुजन्", "गणित का परिचय"), ("王小明", "计算机科学导论"), ("Ελένη Παπαδοπούλου", "Αστρονομία"),
        ("Нина Соколова", "Физика"), ("שרה לוי", "מתמטיקה"), ("สมชาย ใจดี", "ฟิสิกส์"), ("김민수", "물리학"),
        ("Nguyễn Thị Ánh", "Vật lý"),
    ])
    func `names and titles of any script are on the page and searchable`(name: String, title: String)
        async throws
    {
        let drawn = try page(name, title).pdf()
        #expect(drawn.hasEveryFont)
        let text = try text(of: drawn.bytes)
        for part in [name, title, "7K4Q-9XMD-22FA", "Final score 93.5 %", "/certificates/verify/7K4Q"] {
            #expect(has(text, part), "\(part)")
        }
    }

    @Test(arguments: [
        String(repeating: "W", count: 60), String(repeating: "Wolfe ", count: 10), String(repeating: "明", count: 60),
        "A",
    ])
    func `the longest names and titles are set smaller and are complete`(name: String) async throws {
        let title = String(
            String(repeating: "Foundations of Reliable Messaging and \(name.prefix(20)) ", count: 10).prefix(200))
        let text = try text(of: try page(name, title).pdf().bytes)
        #expect(has(text, name))
        #expect(has(text, title))
    }

    @Test func `an overlong text is cut, and the text below it stays in place`() async throws {
        let text = try text(of: try page(String(repeating: "name ", count: 400)).pdf().bytes)
        #expect(has(text, "Final score 93.5 %"))
    }

    @Test func `the same certificate is the same bytes`() throws {
        for name in ["Ada Lovelace", "فاطمة", "王小明"] {
            #expect(try page(name).pdf().bytes == page(name).pdf().bytes)
        }
        #expect(try page("Ada").pdf().bytes != page("Bob").pdf().bytes)
    }

    @Test func `the QR code contains the address`() async throws {
        let address = "https://hub.example.org/certificates/verify/7K4Q-9XMD-22FA"
        let file = try PDFReader.image(of: try page("Ada Lovelace").pdf().bytes)
        defer { try? FileManager.default.removeItem(at: file) }
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scripts/read-qr.py").path
        let read = try await TestPython.run(script, [file.path])
        #expect(read.output == "\(address)\n")
    }

    @Test func `an address that no QR code holds is refused`() {
        var page = page("Ada")
        page.verificationAddress = "https://example.org/" + String(repeating: "a", count: 3_000)
        #expect(throws: DrawingError.addressTooLong) { try page.pdf() }
    }

    @Test func `pages may be drawn on many threads at once`() async throws {
        let expected = try page("Ada Lovelace").pdf().bytes
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<40 { group.addTask { (try? page("Ada Lovelace").pdf().bytes) == expected } }
            for await isSame in group { #expect(isSame) }
        }
    }
}

/// Letters alone: where lines end, and how a script is marked as running from right to left, is the reader's affair.
private func letters(_ text: String) -> String {
    let marks: Set<Unicode.GeneralCategory> = [.format, .spaceSeparator, .control]
    return String(
        String.UnicodeScalarView(text.unicodeScalars.filter { !marks.contains($0.properties.generalCategory) }))
}

/// Scalar by scalar, because without spaces some of them would combine with their neighbours.
private func has(_ text: String, _ part: String) -> Bool { text.unicodeScalars.contains(letters(part).unicodeScalars) }

private func text(of pdf: [UInt8]) throws -> String { letters(try PDFReader.text(of: pdf)) }
