import Platform
import Testing

@Suite struct ConnectionBudgetTests {
    @Test func `without a limit a service has as many connections as it can use`() throws {
        let all = try ConnectionBudget(limit: nil, serviceCount: 13, loopCount: 2)
        #expect(all.perServiceAndLoop == 8 && all.total == 250)
        let one = try ConnectionBudget(limit: nil, serviceCount: 1, loopCount: 2)
        #expect(one.perServiceAndLoop == 8 && one.total == 46)
    }

    @Test(arguments: [120, 150, 200, 249, 250, 10_000])
    func `a process never exceeds its connection limit`(_ limit: Int) throws {
        let budget = try ConnectionBudget(limit: limit, serviceCount: 13, loopCount: 2)
        #expect(budget.total <= limit && budget.perServiceAndLoop >= 3)
    }

    @Test func `too small a limit is refused, and the message has the minimum`() throws {
        let error = #expect(throws: SettingsError.self) {
            try ConnectionBudget(limit: 119, serviceCount: 13, loopCount: 2)
        }
        #expect(error?.description.contains("at least 120, for 13 services on 2 threads") == true)
    }

    @Test func `the limit is a setting`() throws {
        let settings = try Settings(commandLine: ["HUB_DATABASE_CONNECTIONS": "130", "HUB_LOOPS": "2"])
        #expect(try ConnectionBudget(settings, serviceCount: 13).total <= 130)
    }

    @Test
    func `a server that allows fewer connections than are of use gets fewer, and one that allows too few is named`()
        throws
    {
        let settings = try Settings(commandLine: ["HUB_LOOPS": "2"])
        #expect(try ConnectionBudget(settings, serviceCount: 13, allowed: 400).total == 250)
        #expect(try ConnectionBudget(settings, serviceCount: 13, allowed: 200).total <= 190)
        let error = #expect(throws: StartError.self) {
            try ConnectionBudget(settings, serviceCount: 13, allowed: 97)
        }
        let text = error?.description ?? ""
        #expect(text.contains("allows 97 connections") && text.contains("max_connections to 300"), "\(text)")
    }
}
