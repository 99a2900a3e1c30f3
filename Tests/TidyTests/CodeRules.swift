/// Words that have no place in product code. Traps on outside data are remote denial of service.
let codeRules: [Rule] = [
    .noLine(
        "nothing is forced: no `try!`, no `as!`, no force unwrap", of: \.isProduct,
        matches: { /\b(?:try!|as!)|[\w)\]"?]!(?=[.\s)\],;:\[({]|$)/ },
        refuses: ["let a = try! b()", "let a = b as! C", "let a = b!", "f(x.first!)", "a[0]!.b", "var c: Int!"],
        accepts: ["if a != b {}", "if !a {}", "let a = b ?? c // b!", "let t = \"now!\"", "a !== b"]),

    .noLine(
        "product code traps on no input: no `fatalError`", of: \.isProduct,
        matches: { /\bfatalError\s*\(/ }, refuses: ["fatalError()"], accepts: ["// fatalError()"]),

    .noLine(
        "nothing prints: log lines go through the logger, answers through the commands' own writer",
        of: { $0.isProduct && $0.layer != .programs },
        matches: { /(?:^|[^.\w])(?:print|debugPrint|dump|NSLog)\s*\(/ },
        refuses: ["print(a)", "    debugPrint(a)"], accepts: ["self.print(a)", "blueprint(a)"]),

    .noLine(
        "nothing sleeps but on a loop's timer", of: \.isProduct,
        matches: { /\bTask\.sleep|\bThread\.sleep|\b(?:usleep|nanosleep)\s*\(/ },
        refuses: ["try await Task.sleep(for: .seconds(1))", "usleep(10)"],
        accepts: ["try await loop.sleep(for: .seconds(1))"], allowed: AllowList.blockingWaits),

    .noLine(
        "no task is loose: long work is a service or a task group", of: \.isProduct,
        matches: { /\bTask\s*(?:\{|\(|\.detached|\.immediate|<.*>\s*\{)/ },
        refuses: ["Task { await a() }", "Task.detached { }", "let t = Task(priority: .low) { }"],
        accepts: [
            "withTaskGroup(of: Int.self) { _ in }", "let task: Task<Int, any Error>", "Task.checkCancellation()",
        ],
        allowed: AllowList.looseTasks),

    .noLine(
        "time and ids are passed in: `Date()` and `UUID()` only in programs and as the default of a parameter",
        of: { $0.isProduct && $0.layer != .programs },
        matches: { /(?:^|[^{\s]\s*|[^=\s]\s*\{\s*)\b(?:Date\(\)|UUID\(\)|Date\.now)/ },
        refuses: ["let now = Date()", "f(at: Date.now)", "items.map { UUID() }", "UUID()"],
        accepts: [
            "init(now: @escaping @Sendable () -> Date = { Date() }) {}", "let day = Date(timeIntervalSince1970: 0)",
        ]),

    .noLine(
        "no unsafe escape from the compiler's checks", of: \.isProduct,
        matches: { /unowned\(unsafe\)|unsafeBitCast|\.unsafelyUnwrapped/ },
        refuses: ["unowned(unsafe) let a: B", "let a = b.unsafelyUnwrapped"], accepts: ["unowned let a: B"]),

    Rule(
        "`@unchecked Sendable` and `nonisolated(unsafe)` stand on the allow-list, their invariant in a comment above",
        refuses: [
            ["Sources/Platform/A.swift": "// @unchecked: a lock guards it.\nfinal class A: @unchecked Sendable {}"],
            ["Sources/Drivers/EventLoop/EventLoop.swift": "/// A loop.\nfinal class A: @unchecked Sendable {}"],
            ["Sources/Platform/A.swift": "nonisolated(unsafe) var a = 1"],
        ],
        accepts: [
            "Sources/Drivers/EventLoop/EventLoop.swift":
                "/// A loop.\n// @unchecked: its own thread alone.\n@frozen\nfinal class A: @unchecked Sendable {}"
        ]
    ) { tree in
        tree.product.flatMap { file in
            file.matches(of: /@unchecked\s+Sendable|nonisolated\(unsafe\)/).compactMap { found -> Violation? in
                guard AllowList.unchecked[file.path] != nil else {
                    return Violation(file, line: found.line, "\(found.message) is not on the allow-list")
                }
                let line = (found.line ?? 1) - 1
                let above = file.lines[..<line].reversed()
                    .prefix { $0.contains(/^\s*(?:\/\/|@)/) }
                let isExplained = above.contains { $0.contains("// @unchecked:") }
                return isExplained ? nil : Violation(file, line: found.line, "no `// @unchecked:` comment above")
            }
        }
    },

    Rule(
        "nothing is left to do: no TODO, FIXME, XXX, HACK or placeholder",
        refuses: [["Sources/Platform/A.swift": "// TO" + "DO later"]],
        accepts: ["Sources/Platform/A.swift": "// todos are fine as a word"]
    ) { tree in
        let words = /\b(?:TODO|FIXME|XXX|HACK)\b|^\/\/ Placeholder\b/
        return tree.files.filter { !$0.isIn("Tests/TidyTests") && !$0.isIn("docs") }.flatMap { file in
            file.lines.enumerated().compactMap { index, line in
                line.firstMatch(of: words).map { Violation(file, line: index + 1, "\($0.output)") }
            }
        }
    },
]

extension File {
    /// Swift we wrote that runs in production.
    var isProduct: Bool { isSwift && isIn("Sources") }
}
