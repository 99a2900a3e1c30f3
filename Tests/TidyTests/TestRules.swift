let testRules: [Rule] = [
    .noLine(
        "tests wait for a state, never for a time", of: { $0.isIn("Tests") },
        matches: { /(?:^|\W)(?:usleep|nanosleep|sleep)\s*\(/ },
        sampleIn: "Tests/UserTests/SampleTests.swift",
        refuses: ["try await Task.sleep(for: .seconds(1))", "sleep(1)", "try await loop.sleep(for: limit)"],
        accepts: ["try await eventually { done }", "query(\"select pg_sleep(1)\")", "sleeping()"],
        allowed: AllowList.sleepingTests),

    Rule(
        "test names are sentences",
        refuses: [
            ["Tests/UserTests/A.swift": "@Test func registersUser() {}"],
            ["Tests/UserTests/A.swift": "@Test(arguments: [1, 2])\nfunc registers(_ n: Int) {}"],
        ],
        accepts: [
            "Tests/UserTests/A.swift":
                "@Test func `a person registers`() {}\n@Test(arguments: [1])\nfunc `n times`(n: Int) {}\nfunc other() {}"
        ]
    ) { tree in
        tree.tests.flatMap { file in
            file.code.enumerated().compactMap { index, line -> Violation? in
                guard line.contains(/@Test\b/) else { return nil }
                // The name may follow on a later line, after the arguments.
                let declaration = file.code[index...].prefix(12).first { $0.contains(/\bfunc\s/) }
                guard let declaration, !declaration.contains(/\bfunc\s+`/) else { return nil }
                return Violation(file, line: index + 1, "`\(declaration.drop { $0 == " " })` is no sentence")
            }
        }
    },

    Rule(
        "every target of the product has its tests",
        refuses: [["Sources/Drivers/HTTP/A.swift": "", "Tests/MailTests/A.swift": ""]],
        accepts: [
            "Sources/Drivers/HTTP/A.swift": "", "Sources/System/CCurl/A.c": "", "Sources/Programs/a/A.swift": "",
            "Tests/HTTPTests/A.swift": "",
        ]
    ) { tree in
        let tested = Set(tree.tests.compactMap(\.target))
        let targets = Dictionary(
            tree.product.filter { $0.layer != .system && $0.layer != .programs }
                .compactMap { file in file.target.map { ($0, file) } }, uniquingKeysWith: { first, _ in first })
        return targets.filter { !tested.contains("\($0.key)Tests") }.values.map {
            Violation($0, "no tests for its target")
        }
    },
]
