/// The accepted media types: announced by the client, and detected from the content.
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

    /// The names by which libmagic describes such files; none belongs to two types.
    var detectedNames: Set<String> {
        switch self {
        case .mp4: ["video/mp4", "video/x-m4v"]
        case .webm, .quickTime, .png, .jpeg, .webp, .gif, .pdf: [rawValue]
        }
    }

    /// - Parameter name: what libmagic says of a file. nil for a type that is not accepted.
    init?(detected name: String) {
        guard let type = Self.allCases.first(where: { $0.detectedNames.contains(name) }) else { return nil }
        self = type
    }
}
