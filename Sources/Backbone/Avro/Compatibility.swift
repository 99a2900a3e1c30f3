/// How the versions of a schema may follow each other, in the terms of Confluent's registry.
public enum CompatibilityMode: String, CaseIterable, Sendable {
    /// Anything goes.
    case none = "NONE"
    /// The new schema reads what the latest version wrote.
    case backward = "BACKWARD"
    /// The new schema reads what every version wrote.
    case backwardTransitive = "BACKWARD_TRANSITIVE"
    /// The latest version reads what the new schema writes.
    case forward = "FORWARD"
    /// Every version reads what the new schema writes.
    case forwardTransitive = "FORWARD_TRANSITIVE"
    /// Backward and forward, with the latest version.
    case full = "FULL"
    /// Backward and forward, with every version.
    case fullTransitive = "FULL_TRANSITIVE"

    private var isTransitive: Bool {
        switch self {
        case .backwardTransitive, .forwardTransitive, .fullTransitive: true
        default: false
        }
    }

    private var isBackward: Bool {
        switch self {
        case .backward, .backwardTransitive, .full, .fullTransitive: true
        default: false
        }
    }

    private var isForward: Bool {
        switch self {
        case .forward, .forwardTransitive, .full, .fullTransitive: true
        default: false
        }
    }

    /// What keeps a schema from following these versions; empty when nothing does.
    /// - Parameter versions: oldest first.
    public func violations(of schema: Schema, after versions: [Schema]) -> [CompatibilityViolation] {
        let first = isTransitive ? 0 : max(0, versions.count - 1)
        var violations: [CompatibilityViolation] = []
        for index in versions.indices.dropFirst(first) {
            let version = versions[index]
            if isBackward {
                violations += SchemaMatch.problems(writer: version, reader: schema).map {
                    CompatibilityViolation(version: index + 1, direction: .backward, incompatibility: $0)
                }
            }
            if isForward {
                violations += SchemaMatch.problems(writer: schema, reader: version).map {
                    CompatibilityViolation(version: index + 1, direction: .forward, incompatibility: $0)
                }
            }
        }
        return violations
    }
}

/// One rule broken between a schema and one of its earlier versions.
public struct CompatibilityViolation: Equatable, Sendable, CustomStringConvertible {
    public enum Direction: String, Sendable {
        /// The new schema cannot read what the version wrote.
        case backward = "reading version"
        /// The version cannot read what the new schema writes.
        case forward = "read by version"
    }

    /// From 1.
    public let version: Int
    public let direction: Direction
    public let incompatibility: Incompatibility

    public var description: String { "\(incompatibility) (\(direction.rawValue) \(version))" }
}

/// The gate of our own contracts: FULL_TRANSITIVE, and no field is ever removed or retyped.
public enum ContractGate {
    /// What keeps a schema from following these versions; empty when nothing does.
    /// - Parameter versions: oldest first.
    public static func violations(of schema: Schema, after versions: [Schema]) -> [CompatibilityViolation] {
        var violations = CompatibilityMode.fullTransitive.violations(of: schema, after: versions)
        for (index, version) in versions.enumerated() {
            for problem in losses(from: version, to: schema) {
                let isKnown = violations.contains {
                    $0.version == index + 1 && $0.incompatibility.field == problem.field
                }
                if isKnown { continue }
                violations.append(
                    CompatibilityViolation(version: index + 1, direction: .backward, incompatibility: problem))
            }
        }
        return violations
    }

    /// Fields of the older schema that the newer one lacks or gives another type.
    private static func losses(from old: Schema, to new: Schema) -> [Incompatibility] {
        var losses: [Incompatibility] = []
        var seen: Set<String> = []
        func compare(_ oldType: SchemaType, _ newType: SchemaType, _ path: [String]) {
            switch (oldType, newType) {
            case (.array(let oldItems), .array(let newItems)): compare(oldItems, newItems, path)
            case (.map(let oldValues), .map(let newValues)): compare(oldValues, newValues, path)
            case (.union(let oldBranches), .union(let newBranches)) where oldBranches.count == newBranches.count:
                for (oldBranch, newBranch) in zip(oldBranches, newBranches) { compare(oldBranch, newBranch, path) }
            case (.named(let oldName), .named(let newName)):
                guard case .record(let oldRecord)? = old.definition(oldName),
                    case .record(let newRecord)? = new.definition(newName), seen.insert(oldName).inserted
                else { return }
                for field in oldRecord.fields {
                    let fieldPath = path + [field.name]
                    if let same = newRecord.field(field.name) {
                        compare(field.type, same.type, fieldPath)
                    } else {
                        losses.append(loss(fieldPath, .fieldRemoved, "the new schema does not have it"))
                    }
                }
            default:
                guard oldType != newType else { return }
                losses.append(loss(path, .fieldRetyped, "\(oldType.branchName) became \(newType.branchName)"))
            }
        }
        compare(old.type, new.type, [])
        return losses
    }

    private static func loss(_ path: [String], _ rule: Incompatibility.Rule, _ detail: String) -> Incompatibility {
        Incompatibility(field: path.joined(separator: "."), rule: rule, detail: detail)
    }
}
