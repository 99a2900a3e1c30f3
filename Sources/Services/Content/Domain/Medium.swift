internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A file of a lesson, with the facts from its upload and processing events.
struct Medium: Sendable, Equatable {
    let id: MediaID
    /// nil until the upload is known, and after the owner's erasure.
    let fileName: String?
    let contentType: String?
    let sizeBytes: Int?
    let status: MediumStatus
    let durationSeconds: Double?
    /// The renditions, while it is READY. Requested from the media service each time; empty when that is unavailable.
    var renditions: [Rendition] = []
}

/// A rendition of a medium with its signed URL, which is valid for one to two hours.
struct Rendition: Sendable, Equatable, Codable {
    let name, contentType, url: String
    let width, height: Int?
}

enum MediumStatus: String, Sendable {
    case processing = "PROCESSING"
    case ready = "READY"
    case failed = "FAILED"

    init(_ status: MediaStatus) {
        switch status {
        case .ready: self = .ready
        case .failed: self = .failed
        }
    }
}
