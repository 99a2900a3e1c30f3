internal import Avro

/// A schema that somebody sent, to be registered, looked up or tested.
struct SchemaRequest: Sendable {
    let schema: Schema
    /// The number the client wants the version to have.
    let version: Int32?

    /// Members that mean nothing here are passed over, as the API asks; those whose meaning would be lost are refused.
    init(_ body: [UInt8]) throws(RegistryError) {
        let object = try RequestObject(body)
        let type = object["schemaType"]?.text ?? "AVRO"
        guard type == "AVRO" else {
            throw .invalidSchema("Invalid schema type \(type): this registry keeps AVRO alone")
        }
        if object["references"]?.items?.isEmpty == false {
            throw .invalidSchema("Schema references are not supported: write the types out in the schema itself")
        }
        for member in ["metadata", "ruleSet"] where object[member] != nil {
            throw .invalidSchema("\"\(member)\" is not supported by this registry")
        }
        if let id = object["id"]?.integer, id >= 0 {
            throw .notPermitted("This registry gives the ids itself and has no import mode; leave \"id\" out")
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

/// The JSON object of a request. A member that is null counts as missing.
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

    /// What is asked for beside `name`; to ignore it would be to promise it.
    func others(than name: String) -> [String] {
        guard case .object(let members) = tree else { return [] }
        return members.filter { $0.name != name && $0.value != .null }.map(\.name)
    }
}
