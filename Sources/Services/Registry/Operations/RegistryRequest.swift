internal import Avro
internal import HTTP
internal import SchemaRegistry

/// The parameters of a request.
struct RegistryRequest: Sendable {
    static let bodyBytesMax = AvroLimits.schemaBytesMax
    static let namesMax: Int64 = 20_000
    static let schemasMax: Int64 = 1_000
    /// The maximum page size of schemas.
    static let schemaBytesMax: Int64 = 4 * 1024 * 1024

    let http: HTTPRequest

    var subject: String { get throws(RegistryError) { try SubjectName.checked(http.pathParameters["subject"] ?? "") } }
    /// nil for all subjects, or for the default context, which is equivalent.
    var subjectIfAny: String? {
        get throws(RegistryError) {
            guard let name = http.pathParameters["subject"], name != ":.:" else { return nil }
            return try SubjectName.checked(name)
        }
    }
    var hasVersion: Bool { http.pathParameters["version"] != nil }

    var version: VersionChoice {
        get throws(RegistryError) {
            let text = http.pathParameters["version"] ?? ""
            if text.lowercased() == "latest" || text == "-1" { return .latest }
            guard let number = Int32(text), number > 0 else { throw .invalidVersion(text) }
            return .number(number)
        }
    }

    var id: Int32 {
        get throws(RegistryError) {
            guard let id = http.pathParameters["id"].flatMap({ Int32($0) }) else {
                throw RegistryError(404, "HTTP 404 Not Found")
            }
            return id
        }
    }

    var deleted: DeletedVersions { flag("deletedOnly") ? .only : flag("deleted") ? .shown : .hidden }

    func query(_ name: String) -> String? { http.query(name) }

    /// Python clients send `True`.
    func flag(_ name: String) -> Bool { query(name)?.lowercased() == "true" }

    func page(limitMax: Int64) throws(RegistryError) -> ListPage {
        let limit = try number("limit") ?? -1
        return ListPage(offset: try number("offset") ?? 0, limit: limit < 0 ? limitMax : min(limit, limitMax))
    }

    private func number(_ name: String) throws(RegistryError) -> Int64? {
        guard let text = query(name), !text.isEmpty else { return nil }
        guard let number = Int64(text) else { throw RegistryError(422, "\(name) is not a number") }
        return number
    }

    func body() async throws -> [UInt8] { try await http.body.collect(bytesMax: Self.bodyBytesMax) }
}
