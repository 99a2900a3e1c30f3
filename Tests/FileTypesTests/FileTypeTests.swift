import Foundation
import HubTesting
import Testing

@testable import FileTypes

@Suite struct FileTypeTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let type: String
        var testDescription: String { name }

        init(_ name: String, _ bytes: [UInt8], _ type: String) {
            self.name = name
            self.bytes = bytes
            self.type = type
        }
    }

    private static func box(_ brand: String) -> [UInt8] {
        [0, 0, 0, 24] + Array("ftyp\(brand)".utf8) + [0, 0, 2, 0] + Array("isommp42".utf8)
    }

    /// The head of an EBML document: its versions, and its kind.
    private static func ebml(_ kind: String) -> [UInt8] {
        let versions: [UInt8] = [0x42, 0x86, 0x81, 1, 0x42, 0xF7, 0x81, 1, 0x42, 0xF2, 0x81, 4, 0x42, 0xF3, 0x81, 8]
        return [0x1A, 0x45, 0xDF, 0xA3, 0xA3] + versions + [0x42, 0x82, 0x80 + UInt8(kind.utf8.count)]
            + Array(kind.utf8)
    }

    static let png: [UInt8] =
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8)
        + [0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0, 0x90, 0x77, 0x53, 0xDE]
    private static let jpeg: [UInt8] =
        [0xFF, 0xD8, 0xFF, 0xE0, 0, 16] + Array("JFIF".utf8) + [0, 1, 1, 0, 0, 1, 0, 1, 0, 0]
    private static let script = Array("<html><script>alert(1)</script></html>".utf8)
    private static let zip: [UInt8] = [0x50, 0x4B, 3, 4, 20, 0, 0, 0, 8, 0] + [UInt8](repeating: 0, count: 40)
    private static let unknown = "application/octet-stream"

    static let samples = [
        Sample("PNG", png, "image/png"),
        Sample("JPEG", jpeg, "image/jpeg"),
        Sample("GIF", Array("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0], "image/gif"),
        Sample(
            "WebP", Array("RIFF".utf8) + [26, 0, 0, 0] + Array("WEBPVP8L".utf8) + [13, 0, 0, 0, 0x2F], "image/webp"),
        Sample("MP4", box("isom"), "video/mp4"),
        Sample("MP4 of another brand", box("mp42"), "video/mp4"),
        Sample("fragmented MP4", box("iso5"), "video/mp4"),
        Sample("MP4 of Apple", box("M4V "), "video/x-m4v"),
        Sample("QuickTime", box("qt  "), "video/quicktime"),
        Sample("WebM", ebml("webm"), "video/webm"),
        Sample("PDF", Array("%PDF-1.7\n1 0 obj\n".utf8), "application/pdf"),
        // What resembles these, and is something else.
        Sample("audio of Apple", box("M4A "), "audio/x-m4a"),
        Sample("HEIC", box("heic"), "image/heic"),
        Sample("a box of an unknown brand", box("zzzz"), unknown),
        Sample("Matroska", ebml("matroska"), "video/x-matroska"),
        Sample("WAVE", Array("RIFF".utf8) + [36, 0, 0, 0] + Array("WAVEfmt ".utf8), "audio/x-wav"),
        Sample("HTML", script, unknown),
        Sample("HTML before a PNG", script + png, unknown),
        Sample("HTML before a PDF", script + Array("\n%PDF-1.7\n".utf8), unknown),
        Sample(
            "SVG with a script", Array("<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>".utf8),
            "image/svg+xml"),
        Sample("a playlist", Array("#EXTM3U\nfile:///etc/passwd\n".utf8), unknown),
        Sample("a list for ffmpeg", Array("ffconcat version 1.0\nfile /etc/passwd\n".utf8), unknown),
        Sample("ZIP", zip, "application/zip"),
        Sample("ZIP before a PDF", zip + Array("%PDF-1.7".utf8), "application/zip"),
        Sample("gzip", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x63], "application/gzip"),
        Sample("Windows program", Array("MZ".utf8) + [UInt8](repeating: 0, count: 100), "application/x-dosexec"),
        Sample("nothing", [], "application/x-empty"),
        Sample("one byte", [0], unknown),
        Sample("the first bytes of a PNG", Array(png.prefix(8)), unknown),
        Sample("the first bytes of a JPEG", Array(jpeg.prefix(3)), unknown),
        Sample("the first bytes of an MP4", Array(box("isom").prefix(8)), unknown),
        // A format with a fixed head is found by it, whatever follows.
        Sample("PNG before HTML", png + script, "image/png"),
        Sample("JPEG before HTML", jpeg + script, "image/jpeg"),
        Sample("PNG before a ZIP", png + zip, "image/png"),
    ]

    @Test(arguments: samples)
    func `a type is found by content`(_ sample: Sample) throws {
        #expect(try FileType.detect(sample.bytes) == sample.type)
    }

    @Test func `many threads detect types at once, each its own`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for turn in 0..<16 {
                group.addTask {
                    for index in 0..<60 {
                        let sample = Self.samples[(turn * 7 + index) % Self.samples.count]
                        let type = try FileType.detect(sample.bytes)
                        #expect(type == sample.type)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `bytes of all kinds are examined without harm`() throws {
        var random = SystemRandomNumberGenerator()
        for turn in 0..<200 {
            var bytes = Self.samples[turn % Self.samples.count].bytes
            bytes += (0..<Int.random(in: 0...2_000)).map { _ in UInt8.random(in: 0...255, using: &random) }
            for _ in 0..<20 {
                let index = Int.random(in: 0..<max(1, bytes.count))
                if bytes.indices.contains(index) { bytes[index] = .random(in: 0...255, using: &random) }
            }
            let begun = Array(bytes.prefix(.random(in: 0...bytes.count)))
            let types = [try FileType.detect(bytes), try FileType.detect(begun)]
            #expect(types.allSatisfy { !$0.isEmpty })
        }
    }

    @Test func `of a long file the beginning is examined`() throws {
        let long = Self.png + [UInt8](repeating: 0x3C, count: 2 * FileType.sampleBytesMax)
        #expect(try FileType.detect(long) == "image/png")
        // A rule that looks far into a file: the mark of a disc image in its 32nd KiB.
        var disc = [UInt8](repeating: 0, count: FileType.sampleBytesMax)
        disc.replaceSubrange(32_769..<32_774, with: Array("CD001".utf8))
        #expect(try FileType.detect(disc) == "application/x-iso9660-image")
        #expect(try FileType.detect([UInt8](repeating: 0, count: 40_000) + disc) == Self.unknown)
    }

    @Test func `a missing database is an error that says what to do`() {
        let error = #expect(throws: FileTypeError.self) { _ = try MagicHandle(database: "/nowhere/magic.mgc") }
        #expect(error?.description.contains("libmagic-mgc") == true)
        #expect(throws: Never.self) { try FileType.checkDatabase() }
    }
}
