internal import Avro

/// A schema in a request to register, look up or test it.
struct SchemaRequest: Sendable {
    let schema: Schema
    /// The version number requested by the client.
    let version: Int32?

    /// Unknown members are ignored, as the API requires; members that ask for an unsupported function are refused.
    init(_ body: [UInt8]) throws(RegistryError) {
        let object = try RequestObject(body)
        let type = object["schemaType"]?.text ?? "AVRO"
        guard type == "AVRO" else {
            throw .invalidSchema("Invalid schema type \(type): this registry only supports AVRO")
        }
        if object["references"]?.items?.isEmpty == false {
            throw .invalidSchema("Schema references are not supported: define the types in the schema itself")
        }
        for member in ["metadata", "ruleSet"] where object[member] != nil {
            throw .invalidSchema("\"\(member)\" is not supported by this registry")
        }
        if let id = object["id"]?.integer, id >= 0 {
            throw .notPermitted("This registry assigns the ids and has no import mode; omit \"id\"")
        }
        let wanted = object["version"]?.integer ?? 0
        version = wanted > 0 ? Int32(clamping: wanted) : nil
        guard let text = object["schema"]?.text, !text.isEmpty else { throw .invalidSchema("Empty schema") }
        do throws(AvroError) {
            schema = try Schema(parsing: text)
        } catch {
            throw .invalidSchema("Invalid schema: \(error)")
        }
    }
}

/// The JSON object of a request. A null member counts as missing.
struct RequestObject {
    private let tree: JSONTree

    init(_ body: [UInt8]) throws(RegistryError) {
        do throws(AvroError) {
            tree = try JSONTree(parsing: body)
        } catch {
            throw RegistryError(400, "The body is not JSON: \(error)")
        }
        guard case .object = tree else { throw RegistryError(400, "The body is \(tree.kind), expected an object") }
    }

    subscript(name: String) -> JSONTree? { tree[name].flatMap { $0 == .null ? nil : $0 } }

    /// Unsupported functions requested beside `name`, which must not be ignored silently.
    func others(than name: String) -> [String] {
        guard case .object(let members) = tree else { return [] }
        return members.filter { $0.name != name && $0.value != .null }.map(\.name)
    }
}
