import Foundation
import Testing

/// The tables of `docs/who-may-do-what.md`.
struct AuthorisationTable {
    /// In the order of the columns.
    enum Caller: String, CaseIterable {
        case anonymous, learner, otherLearner, instructor, otherInstructor, administrator

        var role: String? {
            switch self {
            case .anonymous: nil
            case .learner, .otherLearner: "STUDENT"
            case .instructor, .otherInstructor: "INSTRUCTOR"
            case .administrator: "ADMIN"
            }
        }
    }

    /// The expected response.
    struct Outcome: Equatable, CustomStringConvertible {
        private static let usualCodes = [
            401: "not-logged-in", 403: "not-allowed", 404: "not-found", 412: "changed-meanwhile", 422: "invalid-body",
        ]

        let status: Int
        /// Of a problem.
        let code: String?

        init(status: Int, code: String?) {
            self.status = status
            self.code = code
        }

        /// In the notation of a cell: `200`, `404`, `403 no-access`.
        init(_ cell: Substring) throws {
            let words = cell.split(separator: " ")
            status = try #require(words.first.flatMap { Int($0) }, "\(cell)")
            code = words.count > 1 ? String(words[1]) : Self.usualCodes[status]
        }

        /// Whether the caller is refused, or the thing looks missing.
        var isRefusal: Bool { [401, 403, 404].contains(status) }

        var description: String { code.map { "\(status) \($0)" } ?? "\(status)" }
    }

    struct Row {
        let operation: String
        /// Nil where an operation is about nothing in particular.
        let thing: String?
        let outcomes: [Caller: Outcome]
    }

    static let missing = "missing"

    let rows: [Row]
    /// Public things.
    let publicThings: Set<String>

    static func checkedOut() throws -> AuthorisationTable {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try AuthorisationTable(
            String(contentsOf: root.appending(path: "docs/who-may-do-what.md"), encoding: .utf8))
    }

    init(_ text: String) throws {
        let tables = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false).map { cell in
                Substring(cell.trimmingCharacters(in: [" ", "`"]))
            }
        }
        publicThings = Set(tables.filter { $0.count == 3 && $0[2] == "anybody" }.map { String($0[0]) })
        rows = try tables.filter { $0.count > 3 }.map { cells in
            let outcomes = try cells.dropFirst(2).map(Outcome.init)
            try #require(outcomes.count == Caller.allCases.count, "\(cells)")
            return Row(
                operation: String(cells[0]), thing: cells[1].isEmpty ? nil : String(cells[1]),
                outcomes: Dictionary(uniqueKeysWithValues: zip(Caller.allCases, outcomes)))
        }
    }
}
