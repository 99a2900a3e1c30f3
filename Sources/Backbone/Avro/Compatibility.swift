/// The compatibility levels of a subject, in the terms of Confluent's registry.
public enum CompatibilityMode: String, CaseIterable, Sendable {
    /// No check.
    case none = "NONE"
    /// The new schema can read data of the latest version.
    case backward = "BACKWARD"
    /// The new schema can read data of every version.
    case backwardTransitive = "BACKWARD_TRANSITIVE"
    /// The latest version can read data of the new schema.
    case forward = "FORWARD"
    /// Every version can read data of the new schema.
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

    /// Why a schema is not compatible with these versions; empty when it is.
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

/// An incompatibility between a schema and one of its earlier versions.
public struct CompatibilityViolation: Equatable, Sendable, CustomStringConvertible {
    public enum Direction: String, Sendable {
        /// The new schema cannot read data of the version.
        case backward = "reading version"
        /// The version cannot read data of the new schema.
        case forward = "read by version"
    }

    /// Counted from 1.
    public let version: Int
    public let direction: Direction
    public let incompatibility: Incompatibility

    public var description: String { "\(incompatibility) (\(direction.rawValue) \(version))" }
}

/// The rule for our own contracts: FULL_TRANSITIVE, and no field is ever removed or retyped.
public enum ContractGate {
    /// Why a schema is not compatible with these versions; empty when it is.
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

    /// Fields of the older schema that the newer one lacks or declares with another type.
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
