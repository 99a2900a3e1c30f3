public import Foundation

/// Reads a PDF with poppler.
public enum PDFReader {
    public struct Failed: Error {
        public let program: String
    }

    /// The text of the PDF.
    public static func text(of pdf: [UInt8]) throws -> String {
        try with(pdf) { try run("pdftotext", [$0, "-"]) }
    }

    /// Its rendered page.
    /// - Returns: a grey image (PGM), which the caller deletes.
    public static func image(of pdf: [UInt8]) throws -> URL {
        try with(pdf) { path in
            _ = try run("pdftoppm", ["-r", "150", "-gray", "-singlefile", path, path])
            return URL(filePath: path + ".pgm")
        }
    }

    private static func with<Result>(_ pdf: [UInt8], _ body: (_ path: String) throws -> Result) throws -> Result {
        let file = FileManager.default.temporaryDirectory.appending(path: "hub-page-\(UUID().uuidString).pdf")
        try Data(pdf).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try body(file.path)
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process(), output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(program: program) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
