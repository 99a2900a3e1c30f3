internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// An uploaded file and its renditions.
struct Medium: Sendable, Equatable, Identifiable {
    enum State: String, Sendable {
        case uploading = "UPLOADING", processing = "PROCESSING", ready = "READY", failed = "FAILED"
    }

    /// The maximum size of a part; the largest file has 256 parts.
    static let partBytesMax = 8 * 1024 * 1024
    static let partNumbers = 1...1_000
    /// The maximum duration of an upload.
    static let uploadTimeMax: TimeInterval = 24 * 3_600
    /// After this time another request may assemble the parts: the process that began it may be gone.
    static let assemblyTimeMax: TimeInterval = 300
    /// The maximum number of incomplete uploads per person.
    static let uploadsPerPersonMax = 20
    static let fileNameLength = 1...200

    let id: MediaID
    /// nil after the owner's erasure: files of a course are kept.
    let ownerID: UserID?
    let place: MediaPlace
    let fileName: String
    let type: MediaType
    let sizeBytes: Int
    /// In hexadecimal, lower case.
    let sha256: String
    var state = State.uploading
    /// Why processing failed, as a text for the owner.
    var error: String?
    var durationSeconds: Double?
    let createdAt: Date

    /// Whether renditions of it may be created: also after it was given up, when an operator restarts its task.
    var mayBeTranscoded: Bool { state == .processing || state == .failed }

    /// Whether a part fits into the announced size, together with the parts of other numbers.
    func hasRoom(for partBytes: Int, as number: Int, beside parts: [(number: Int, sizeBytes: Int)]) -> Bool {
        parts.reduce(partBytes) { $1.number == number ? $0 : $0 + $1.sizeBytes } <= sizeBytes
    }
}

/// The course and lesson of a medium; both nil before it is attached.
struct MediaPlace: Sendable, Equatable {
    var courseID: CourseID?
    var lessonID: LessonID?
}

/// The announced properties of a file before the upload.
struct Announcement: Sendable, Equatable {
    let fileName: String
    let type: MediaType
    let sizeBytes: Int
    let sha256: String
    let place: MediaPlace
}

/// A rendition of a medium.
struct Rendition: Sendable, Equatable {
    let name: String
    let contentType: String
    let key: String
    var width: Int?
    var height: Int?
    let sizeBytes: Int
}

/// The object keys of a medium.
enum MediaKeys {
    static func all(of id: MediaID) -> String { "media/\(id)/" }
    static func parts(of id: MediaID) -> String { "media/\(id)/parts/" }
    static func part(_ number: Int, of id: MediaID) -> String { "\(parts(of: id))\(number)" }
    static func original(of id: MediaID) -> String { "media/\(id)/original" }
    static func rendition(_ name: String, of id: MediaID) -> String { "media/\(id)/files/\(name)" }
}
