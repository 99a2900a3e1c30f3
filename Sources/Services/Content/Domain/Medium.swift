internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A file that belongs to a lesson, as far as its upload and its processing have told us.
struct Medium: Sendable, Equatable {
    let id: MediaID
    /// Nil until the upload is known, and when its owner was erased.
    let fileName: String?
    let contentType: String?
    let sizeBytes: Int?
    let status: MediumStatus
    let durationSeconds: Double?
    /// What browsers show, while it is READY. The media service says it each time, and is not always there to.
    var renditions: [Rendition] = []
}

/// A file made of a medium, and its address, which is good for an hour or two.
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
