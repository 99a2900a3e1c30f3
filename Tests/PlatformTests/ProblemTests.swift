import HTTP
import Platform
import Postgres
import Testing

@Suite struct ProblemTests {
    @Test(arguments: ["53000", "53100", "53200", "53300", "53400", "25006"])
    func `a database without resources is unavailable, with Retry-After`(state: String) {
        let problem = Problem(PostgresError(.server, "", sqlState: state))
        #expect(problem.status == .serviceUnavailable)
        #expect(problem.fields["retry-after"] == "1")
    }

    @Test(arguments: ["22003", "23505", "42P01", "42501", "57014", "XX000"])
    func `a statement that the database refuses is an internal error`(state: String) {
        #expect(Problem(PostgresError(.server, "", sqlState: state)).status == .internalServerError)
    }
}
