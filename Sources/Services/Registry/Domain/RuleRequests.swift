internal import Avro
internal import SchemaRegistry

/// A request to set the compatibility level.
struct CompatibilityRequest {
    let compatibility: CompatibilityMode

    init(_ body: [UInt8]) throws(RegistryError) {
        let object = try RequestObject(body)
        if let other = object.others(than: "compatibility").first {
            throw RegistryError(422, "\"\(other)\" is not supported by this registry, only \"compatibility\" is")
        }
        guard let text = object["compatibility"]?.text, let mode = CompatibilityMode(rawValue: text.uppercased()) else {
            throw .invalidCompatibility
        }
        compatibility = mode
    }
}

/// A request to set the mode.
struct ModeRequest {
    let mode: RegistryMode

    init(_ body: [UInt8]) throws(RegistryError) {
        let text = try RequestObject(body)["mode"]?.text ?? ""
        guard let mode = RegistryMode(rawValue: text.uppercased()) else {
            let unsupported = ["IMPORT", "FORWARD"].contains(text.uppercased())
            throw .invalidMode(
                unsupported
                    ? "\(text.uppercased()) is not supported: this registry assigns the ids" : "no such mode")
        }
        self.mode = mode
    }
}
