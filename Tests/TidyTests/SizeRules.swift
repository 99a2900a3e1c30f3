import Testing

/// Sizes trigger a review; only extreme sizes are refused.
let sizeRules: [Rule] = [
    Rule(
        "a file of the product has at most 500 lines, generated ones aside",
        refuses: [["Sources/Platform/A.swift": String(repeating: "\n", count: 501)]],
        accepts: [
            "Sources/Platform/A.swift": String(repeating: "\n", count: 500),
            "Sources/Backbone/Contracts/Generated/A.swift": String(repeating: "\n", count: 900),
        ]
    ) { tree in
        tree.product.filter { $0.lineCount > 500 && !$0.isGenerated }.map { Violation($0, "has \($0.lineCount) lines") }
    },

    Rule(
        "a function has at most 100 lines, generated ones aside",
        refuses: [["Sources/Platform/A.swift": "func a() {\n" + String(repeating: "b()\n", count: 101) + "}"]],
        accepts: ["Sources/Platform/A.swift": "func a() {\n" + String(repeating: "b()\n", count: 100) + "}"]
    ) { tree in
        tree.longFunctions(over: 100)
    },
]

extension File {
    /// Written by a program and checked in.
    var isGenerated: Bool { folders.contains("Generated") }
}

extension Tree {
    func longFunctions(over limit: Int) -> [Violation] {
        product.filter { !$0.isGenerated }.flatMap { file in
            file.functions.filter { $0.bodyLineCount > limit }.map {
                Violation(file, line: $0.line, "`\($0.name)` has \($0.bodyLineCount) lines")
            }
        }
    }
}

@Suite struct SizeTriggers {
    @Test func `functions over 70 lines and files over 400 are named for review`() {
        let long = Tree.checkedOut.longFunctions(over: 70)
        let large = Tree.checkedOut.product.filter { $0.lineCount > 400 && !$0.isGenerated }
            .map { Violation($0, "has \($0.lineCount) lines") }
        for violation in long + large { Issue.record("\(violation)", severity: .warning) }
    }
}
