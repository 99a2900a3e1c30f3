internal import Avro
internal import Contracts
internal import Platform
internal import SchemaRegistry

/// `schemas`: the versions of the events' schemas.
enum SchemasCommand {
    static let command = Command(
        "schemas", "List, check and register the schemas of the events.",
        members: [list, check, register])

    private static let list = Command(
        "list", "List every version of every schema in the registry.", options: [.data, .json],
        examples: ["schemas list", "schemas list --json"]
    ) { arguments, console in
        let versions = try await OpenHub.with(arguments) { hub in
            var versions: [RegisteredSchema] = []
            for subject in try await hub.registry.subjects() {
                versions += try await hub.registry.versions(subject: subject)
            }
            return versions
        }
        if arguments.has(.json) {
            for version in versions {
                console.json(
                    .object([
                        .init("subject", .string(version.subject)), .init("version", .number(version.version)),
                        .init("id", .string("\(version.id)")), .init("schema", .string(version.schema.compactText)),
                    ]))
            }
        } else {
            console.table(
                ["subject", "version", "id"], versions.map { [$0.subject, "\($0.version)", "\($0.id)"] })
        }
    }

    private static let check = Command(
        "check",
        "Check that the schemas of this program are compatible with all versions in the registry (FULL_TRANSITIVE).",
        options: [.data, .json], examples: ["schemas check"],
        notes:
            "Ends with exit code 1 when a schema is incompatible, and names the field and the rule. Run it before you deploy a new version."
    ) { arguments, console in
        let broken = try await OpenHub.with(arguments) { hub in
            var broken = 0
            for event in EventCatalogue.all {
                let versions = try await hub.registry.versions(subject: event.topic.valueSubject)
                let violations = CompatibilityMode.fullTransitive.violations(
                    of: event.schema, after: versions.map(\.schema))
                broken += violations.isEmpty ? 0 : 1
                tell(event.topic, versions, isRegistered: versions.contains { $0.schema == event.schema }, violations)
            }
            return broken
        }
        if broken > 0 { throw CommandFailure("\(broken) schemas are not compatible with their earlier versions") }

        func tell(
            _ topic: Topic, _ versions: [RegisteredSchema], isRegistered: Bool, _ violations: [CompatibilityViolation]
        ) {
            if arguments.has(.json) {
                console.json(
                    .object([
                        .init("subject", .string(topic.valueSubject)), .init("versions", .number(versions.count)),
                        .init("registered", .bool(isRegistered)), .init("compatible", .bool(violations.isEmpty)),
                        .init("violations", .array(violations.map { .string("\($0)") })),
                    ]))
                return
            }
            let state = isRegistered ? "registered" : "not registered yet"
            let count = versions.count == 1 ? "1 version" : "\(versions.count) versions"
            console.line("\(violations.isEmpty ? "✔" : "✘") \(topic.valueSubject): \(count), ours \(state)")
            for violation in violations { console.line("    \(violation)") }
        }
    }

    private static let register = Command(
        "register", "Register the schemas of this program that the registry does not have.",
        options: [.data, .json], examples: ["schemas register"], notes: "`up` and `serve` do the same at start."
    ) { arguments, console in
        try await OpenHub.with(arguments) { hub in
            for event in EventCatalogue.all {
                let subject = event.topic.valueSubject
                let versions = try await hub.registry.versions(subject: subject)
                let broken = CompatibilityMode.fullTransitive.violations(
                    of: event.schema, after: versions.map(\.schema))
                if let first = broken.first {
                    throw CommandFailure("\(subject) is not compatible with its earlier versions: \(first)")
                }
                let id = try await hub.registry.register(event.schema, subject: subject)
                if arguments.has(.json) {
                    console.json(.object([.init("subject", .string(subject)), .init("id", .string("\(id)"))]))
                } else {
                    console.line("\(subject)  id \(id)")
                }
            }
        }
    }
}
