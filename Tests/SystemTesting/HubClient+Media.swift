internal import Foundation
internal import HTTP
internal import Secrets
internal import Testing

extension HubClient {
    /// Uploads a file in one part.
    /// - Parameter token: an instructor's.
    /// - Returns: the id of the medium.
    public func upload(
        _ bytes: [UInt8], _ type: String, named fileName: String = "a file", course: String? = nil, token: String
    ) async throws -> String {
        let sha256 = SHA256.digest(bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let id = try await make(
            "/media",
            Announcement(
                fileName: fileName, contentType: type, sizeBytes: bytes.count, sha256: sha256, courseId: course),
            token: token)
        let put = try await send(.put, "/media/\(id)/parts/1", token: token, bytes: bytes)
        try #require(put.status == 204, "\(put.text)")
        let completed = try await send(.post, "/media/\(id)/complete", token: token)
        try #require(completed.status == 202, "\(completed.text)")
        return id
    }

    public struct Medium: Decodable {
        public struct Rendition: Decodable {
            public let name: String
        }
        public let status: String
        public let renditions: [Rendition]
    }

    private struct Announcement: Encodable {
        let fileName, contentType: String
        let sizeBytes: Int
        let sha256: String
        let courseId: String?
    }

    /// A picture of one pixel.
    public static let png = Array(
        Data(
            base64Encoded:
                "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
            ?? Data())
}
