internal import HTTP
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Signs requests with AWS Signature Version 4, in a header or in the URL.
///
/// Source: "AWS Signature Version 4 for API requests" in the S3 API reference.
struct S3Signer: Sendable {
    /// The placeholder for the digest of a streamed body.
    static let unsignedPayload = "UNSIGNED-PAYLOAD"
    private static let algorithm = "AWS4-HMAC-SHA256"

    let accessKeyID: String
    let secretAccessKey: HMACKey
    let region: String

    /// The authentication fields of a request.
    /// - Parameters:
    ///   - path: as sent.
    ///   - query: names and values, not escaped.
    ///   - fields: further signed fields, names in lower case.
    func fields(
        _ method: HTTPMethod, host: String, path: String, query: [(String, String)], fields: [(String, String)],
        payload: String, at time: Date
    ) -> [(String, String)] {
        let stamp = Self.stamp(time)
        let own = [("x-amz-content-sha256", payload), ("x-amz-date", stamp)]
        let covered = fields + own + [("host", host)]
        let request = Self.canonicalRequest(method, path, query, covered, payload)
        let authorization = """
            \(Self.algorithm) Credential=\(accessKeyID)/\(scope(stamp)), \
            SignedHeaders=\(Self.names(of: covered)), Signature=\(signature(of: request, stamp))
            """
        return own + [("authorization", authorization)]
    }

    /// The query of a presigned URL.
    func query(host: String, path: String, seconds: Int64, at time: Date) -> String {
        let stamp = Self.stamp(time)
        let query = [
            ("X-Amz-Algorithm", Self.algorithm), ("X-Amz-Credential", "\(accessKeyID)/\(scope(stamp))"),
            ("X-Amz-Date", stamp), ("X-Amz-Expires", String(seconds)), ("X-Amz-SignedHeaders", "host"),
        ]
        let request = Self.canonicalRequest(.get, path, query, [("host", host)], Self.unsignedPayload)
        return "\(Self.escaped(query))&X-Amz-Signature=\(signature(of: request, stamp))"
    }

    /// A query sorted by name, as it is signed and must be sent.
    static func escaped(_ query: [(String, String)]) -> String {
        query.map { "\(PercentEncoding.encode($0))=\(PercentEncoding.encode($1))" }.sorted().joined(separator: "&")
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func signature(of request: String, _ stamp: String) -> String {
        let text = [Self.algorithm, stamp, scope(stamp), Self.hex(SHA256.digest(request))].joined(separator: "\n")
        let key = [String(stamp.prefix(8)), region, "s3", "aws4_request"].reduce(secretAccessKey) { key, part in
            HMACKey(key.code(for: part)) ?? key
        }
        return Self.hex(key.code(for: text))
    }

    private func scope(_ stamp: String) -> String { "\(stamp.prefix(8))/\(region)/s3/aws4_request" }

    private static func canonicalRequest(
        _ method: HTTPMethod, _ path: String, _ query: [(String, String)], _ fields: [(String, String)],
        _ payload: String
    ) -> String {
        let lines = fields.sorted { $0.0 < $1.0 }.map { "\($0):\($1)\n" }.joined()
        return [method.rawValue, path, escaped(query), lines, names(of: fields), payload].joined(separator: "\n")
    }

    private static func names(of fields: [(String, String)]) -> String {
        fields.map(\.0).sorted().joined(separator: ";")
    }

    /// `20261129T031500Z`.
    private static func stamp(_ time: Date) -> String {
        time.formatted(Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted))
    }
}
