internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A file somebody uploads, and what was made of it.
struct Medium: Sendable, Equatable, Identifiable {
    enum State: String, Sendable {
        case uploading = "UPLOADING", processing = "PROCESSING", ready = "READY", failed = "FAILED"
    }

    /// Of one part; with it a file of the largest kind has 256 parts.
    static let partBytesMax = 8 * 1024 * 1024
    static let partNumbers = 1...1_000
    /// How long an upload may be under way.
    static let uploadTimeMax: TimeInterval = 24 * 3_600
    /// Uploads a person may have under way.
    static let uploadsPerPersonMax = 20
    static let fileNameLength = 1...200

    let id: MediaID
    /// Nil once the owner is erased: what belongs to a course stays.
    let ownerID: UserID?
    let place: MediaPlace
    let fileName: String
    let type: MediaType
    let sizeBytes: Int
    /// In hexadecimal, lower case.
    let sha256: String
    var state = State.uploading
    /// Why nothing could be made of it, for its owner.
    var error: String?
    var durationSeconds: Double?
    let createdAt: Date
}

/// Where a medium belongs; nowhere yet when both are nil.
struct MediaPlace: Sendable, Equatable {
    var courseID: CourseID?
    var lessonID: LessonID?
}

/// What is announced of a file before it is sent.
struct Announcement: Sendable, Equatable {
    let fileName: String
    let type: MediaType
    let sizeBytes: Int
    let sha256: String
    let place: MediaPlace
}

/// One of the files made of a medium.
struct Rendition: Sendable, Equatable {
    let name: String
    let contentType: String
    let key: String
    var width: Int?
    var height: Int?
    let sizeBytes: Int
}

/// The names of a medium's objects.
enum MediaKeys {
    static func all(of id: MediaID) -> String { "media/\(id)/" }
    static func parts(of id: MediaID) -> String { "media/\(id)/parts/" }
    static func part(_ number: Int, of id: MediaID) -> String { "\(parts(of: id))\(number)" }
    static func original(of id: MediaID) -> String { "media/\(id)/original" }
    static func rendition(_ name: String, of id: MediaID) -> String { "media/\(id)/files/\(name)" }
}
