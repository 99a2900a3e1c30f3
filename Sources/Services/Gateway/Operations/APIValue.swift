internal import Avro
internal import Platform

/// Describes a schema's values in words.
struct APIValue {
    private let schema: JSONTree

    init(_ schema: JSONTree) { self.schema = schema }

    var html: String {
        if let name = schema["$ref"]?.text?.split(separator: "/").last {
            return "<a href=\"#shape-\(name)\">\(name)</a>"
        }
        if let constant = schema["const"] { return "always \(Self.code(constant))" }
        if let choices = schema["enum"]?.items { return "one of \(choices.map(Self.code).joined(separator: ", "))" }
        if let choices = schema["oneOf"]?.items {
            return "one of \(choices.compactMap { $0["const"] }.map(Self.code).joined(separator: ", "))"
        }
        return ([kinds] + bounds).filter { !$0.isEmpty }.joined(separator: ", ")
    }

    private var kinds: String {
        let names = schema["type"]?.items?.compactMap(\.text) ?? [schema["type"]?.text].compactMap { $0 }
        return names.map(kind).joined(separator: " or ")
    }

    private func kind(_ name: String) -> String {
        switch name {
        case "string": schema["format"]?.text.map { "string (\(HubPage.escape($0)))" } ?? "string"
        case "integer": "whole number"
        case "boolean": "true or false"
        case "array": schema["items"].map { "list of \(Self($0).html)" } ?? "list"
        case "object": object
        default: HubPage.escape(name)
        }
    }

    private var object: String {
        let values = schema["additionalProperties"].map { Self($0).html } ?? ""
        return values.isEmpty ? "object" : "object of \(values)"
    }

    private var bounds: [String] {
        [
            range("minimum", "maximum", of: ""), range("minLength", "maxLength", of: " characters"),
            range("minItems", "maxItems", of: " items"), schema["pattern"].map { "pattern \(Self.code($0))" } ?? "",
            schema["default"].map { "default \(Self.code($0))" } ?? "",
        ]
    }

    private func range(_ least: String, _ most: String, of unit: String) -> String {
        switch (schema[least]?.compactText(), schema[most]?.compactText()) {
        case (let least?, let most?): least == most ? "\(least)\(unit)" : "\(least) to \(most)\(unit)"
        case (let least?, nil): "at least \(least)\(unit)"
        case (nil, let most?): "at most \(most)\(unit)"
        case (nil, nil): ""
        }
    }

    private static func code(_ node: JSONTree) -> String {
        "<code>\(HubPage.escape(node.text ?? node.compactText()))</code>"
    }
}
