import Testing

/// The style, held by a test. Each rule is also shown a small tree that breaks it, so a rule that finds nothing is noticed.
@Suite struct TidyTests {
    static let rules: [Rule] =
        serviceRules + importRules + codeRules + nameRules + sizeRules + eventRules + documentRules + testRules

    @Test(arguments: rules)
    func `the repository keeps the rule`(_ rule: Rule) {
        let violations = rule.violations(.checkedOut)
        #expect(violations.isEmpty, "\(rule.says)\n\(violations.map(\.description).joined(separator: "\n"))")
    }

    @Test(arguments: rules)
    func `the rule refuses what breaks it`(_ rule: Rule) {
        for sample in rule.refuses {
            #expect(!rule.violations(Tree(sample)).isEmpty, "should break: \(sample)")
        }
    }

    @Test(arguments: rules)
    func `the rule accepts what keeps it`(_ rule: Rule) {
        #expect(rule.violations(Tree(rule.accepts)).map(\.description) == [])
    }

    @Test func `every rule has a sample that breaks it`() {
        #expect(Self.rules.filter { $0.refuses.isEmpty }.map(\.says) == [])
    }

    @Test func `the repository is found`() {
        #expect(Tree.checkedOut.contains("Package.swift"))
        #expect(Tree.checkedOut.product.count > 20)
    }
}
