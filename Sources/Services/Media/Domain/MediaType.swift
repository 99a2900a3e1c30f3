/// The accepted media types: announced by the client, and detected from the first bytes.
enum MediaType: String, CaseIterable, Sendable {
    case mp4 = "video/mp4"
    case webm = "video/webm"
    case quickTime = "video/quicktime"
    case png = "image/png"
    case jpeg = "image/jpeg"
    case webp = "image/webp"
    case gif = "image/gif"
    case pdf = "application/pdf"

    enum Family: Sendable { case video, image, document }

    /// The number of bytes needed to detect a type.
    static let signatureBytes = 64

    var family: Family {
        switch self {
        case .mp4, .webm, .quickTime: .video
        case .png, .jpeg, .webp, .gif: .image
        case .pdf: .document
        }
    }

    var sizeBytesMax: Int {
        switch family {
        case .video: 2 * 1024 * 1024 * 1024
        case .image: 20 * 1024 * 1024
        case .document: 100 * 1024 * 1024
        }
    }

    /// The ffmpeg demuxer for this type. It is set explicitly, so that the file cannot select another one.
    var ffmpegFormat: String {
        switch self {
        case .mp4, .quickTime: "mov"
        case .webm: "matroska"
        case .png: "png_pipe"
        case .jpeg: "jpeg_pipe"
        case .webp: "webp_pipe"
        case .gif: "gif"
        case .pdf: ""
        }
    }

    /// Detects the type from a file's first bytes; nil for a type that is not accepted.
    init?(signature bytes: [UInt8]) {
        func has(_ text: String, at offset: Int = 0) -> Bool { bytes.dropFirst(offset).starts(with: text.utf8) }
        if has("ftyp", at: 4) {
            self = has("qt  ", at: 8) ? .quickTime : .mp4
        } else if bytes.starts(with: [0x1A, 0x45, 0xDF, 0xA3]), String(decoding: bytes, as: UTF8.self).contains("webm")
        {
            self = .webm
        } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if has("RIFF"), has("WEBP", at: 8) {
            self = .webp
        } else if has("GIF87a") || has("GIF89a") {
            self = .gif
        } else if has("%PDF-") {
            self = .pdf
        } else {
            return nil
        }
    }
}
