import Foundation
import HTTP
import HubTesting
import SystemTesting
import Testing

/// Checks each cell of the authorisation tables on a whole hub.
@Suite struct AuthorisationTests {
    private typealias Caller = AuthorisationTable.Caller
    private typealias Outcome = AuthorisationTable.Outcome

    @Test func `a resource without access looks like a missing one`() throws {
        let table = try AuthorisationTable.checkedOut()
        let byOperation = Dictionary(grouping: table.rows, by: \.operation)
        for (operation, rows) in byOperation {
            guard let missing = rows.first(where: { $0.thing == AuthorisationTable.missing }) else {
                #expect(!operation.contains("{"), "\(operation) has no row for what is missing")
                continue
            }
            for row in rows where !table.publicThings.contains(row.thing ?? AuthorisationTable.missing) {
                for (caller, outcome) in row.outcomes where outcome.isRefusal {
                    #expect(outcome == missing.outcomes[caller], "\(operation) of \(row.thing ?? "") as \(caller)")
                }
            }
        }
    }

    @Test func `every operation responds to each caller and resource as in the table`() async throws {
        let table = try AuthorisationTable.checkedOut()
        let world = try await PopulatedHub.make()
        let described = try await world.operations()
        let listed = Set(table.rows.map(\.operation))
        #expect(Set(described.keys).subtracting(listed).sorted() == [], "operations without a row")
        #expect(listed.subtracting(described.keys).sorted() == [], "rows without an operation")
        for row in table.rows {
            if let roles = described[row.operation] { expect(row, toBeFor: roles) }
        }

        var surprises: [String] = []
        for row in table.rows {
            for caller in Caller.allCases {
                let answer = try await world.ask(row.operation, of: row.thing, as: caller)
                let problem = try? answer.json(HubClient.Complaint.self)
                let outcome = Outcome(status: answer.status, code: answer.status < 400 ? nil : problem?.code)
                let cell = "\(row.operation) of \(row.thing ?? "nothing") as \(caller)"
                if let expected = row.outcomes[caller], expected != outcome {
                    surprises.append("\(cell): \(outcome) instead of \(expected)")
                }
                // The development mailbox is public.
                if row.operation.hasPrefix("GET /dev/mailbox") { continue }
                for id in world.ids(hiddenFrom: caller) where answer.text.contains(id) {
                    surprises.append("\(cell): shows \(id)")
                }
            }
        }
        #expect(surprises == [])
        #expect(try await world.hub.stop() == [0])
    }

    /// - Parameter roles: from ``PopulatedHub/operations()``.
    private func expect(_ row: AuthorisationTable.Row, toBeFor roles: Set<String>?) {
        let isClosed = row.outcomes[.anonymous]?.code == "not-logged-in"
        #expect(isClosed == (roles != nil), "\(row.operation) says another thing of who must be logged in")
        guard let roles, !roles.isEmpty else { return }
        for (caller, outcome) in row.outcomes {
            guard let role = caller.role, !roles.contains(role) else { continue }
            #expect(outcome.code == "not-allowed", "\(row.operation) is not said to be for \(caller)")
        }
    }
}
