/// The same files in each service, so that a reader of one knows the layout of all.
let serviceRules: [Rule] = [
    Rule(
        "a service has the files every service has, and no others",
        refuses: [
            ["Sources/Services/User/UserRepository.swift": ""],
            ["Sources/Services/User/Models/User.swift": ""],
            ["Sources/Services/User/Notes.md": ""],
        ],
        accepts: [
            "Sources/Services/User/UserService.swift": "",
            "Sources/Services/User/UserConfig.swift": "",
            "Sources/Services/User/Domain/Password.swift": "",
            "Sources/Services/User/Operations/Register.swift": "",
            "Sources/Services/User/Store/Store+Accounts.swift": "",
            "Sources/Services/User/README.md": "",
        ]
    ) { tree in
        tree.files.compactMap { file in
            guard let service = file.service else { return nil }
            let rest = file.folders.dropFirst(3)
            if ["Domain", "Operations", "Store"].contains(rest.first), rest.count == 1, file.isSwift { return nil }
            let allowed = [
                "\(service)Service.swift", "\(service)Config.swift", "Operations.swift", "Store.swift",
                "Migrations.swift", "Routes.swift", "Handlers.swift", "README.md",
            ]
            if rest.isEmpty, allowed.contains(file.name) { return nil }
            return Violation(
                file,
                "is none of \(allowed.joined(separator: ", ")), Domain/*.swift, Operations/*.swift, Store/*.swift")
        }
    },

    Rule(
        "a service has its table of contents and its README",
        refuses: [
            ["Sources/Services/User/README.md": ""],
            ["Sources/Services/User/UserService.swift": ""],
            [
                "Sources/Services/User/UserService.swift": "", "Sources/Services/User/README.md": "",
                "Sources/Services/User/Operations.swift": "", "Sources/Services/User/Operations/Register.swift": "",
            ],
            [
                "Sources/Services/User/UserService.swift": "", "Sources/Services/User/README.md": "",
                "Sources/Services/User/Store.swift": "", "Sources/Services/User/Store/Store+Accounts.swift": "",
            ],
        ],
        accepts: ["Sources/Services/User/UserService.swift": "", "Sources/Services/User/README.md": ""]
    ) { tree in
        let services = Dictionary(grouping: tree.files.filter { $0.service != nil }) { $0.service ?? "" }
        return services.flatMap { service, files in
            let folder = "Sources/Services/\(service)"
            var violations: [Violation] = []
            for name in ["\(service)Service.swift", "README.md"] where !tree.contains("\(folder)/\(name)") {
                violations.append(Violation(files[0], "\(folder) lacks \(name)"))
            }
            for part in ["Operations", "Store"]
            where tree.contains("\(folder)/\(part).swift") && tree.containsFolder("\(folder)/\(part)") {
                violations.append(Violation(files[0], "\(folder) has both \(part).swift and \(part)/"))
            }
            return violations
        }
    },

    Rule(
        "the parts of a service have the same names in each",
        refuses: [
            ["Sources/Services/User/Operations/Operations.swift": "public struct UserOperations: Sendable {}"],
            ["Sources/Services/User/Store.swift": "struct AccountStore: Sendable {}"],
            ["Sources/Services/User/Migrations.swift": "enum UserMigrations {}"],
        ],
        accepts: [
            "Sources/Services/User/Operations/Operations.swift": "public struct Operations: Sendable {}",
            "Sources/Services/User/Handlers.swift": "struct Handlers: Sendable {}",
        ]
    ) { tree in
        tree.product.compactMap { file in
            let name = file.name.dropLast(".swift".count)
            guard file.service != nil, ["Operations", "Handlers", "Store", "Migrations"].contains(name) else {
                return nil
            }
            let declaration = /\b(?:struct|enum|actor|class) (\w+)/
            let declared = file.lines.compactMap { $0.firstMatch(of: declaration)?.output.1 }
            return declared.contains(name) ? nil : Violation(file, "declares no `\(name)`")
        }
    },

    Rule(
        "the files of a service stay within their sizes",
        refuses: [
            ["Sources/Services/User/UserService.swift": lines(81)],
            ["Sources/Services/User/UserConfig.swift": lines(61)],
            ["Sources/Services/User/Store.swift": lines(401)],
            ["Sources/Services/User/Store/Store+Accounts.swift": lines(401)],
            ["Sources/Services/User/README.md": lines(81)],
        ],
        accepts: ["Sources/Services/User/UserService.swift": lines(80)]
    ) { tree in
        tree.files.compactMap { file in
            guard let service = file.service else { return nil }
            let most = ["\(service)Service.swift": 80, "\(service)Config.swift": 60, "README.md": 80]
            guard let limit = file.isStore ? 400 : most[file.name], file.lineCount > limit else { return nil }
            return Violation(file, "has \(file.lineCount) lines, at most \(limit) read well")
        }
    },

    Rule(
        "a route or event handler has at most 15 lines, an operation at most 40",
        refuses: [
            ["Sources/Services/User/Routes.swift": function(lines: 16)],
            ["Sources/Services/User/Handlers.swift": function(lines: 16)],
            ["Sources/Services/User/Operations.swift": function(lines: 41)],
            ["Sources/Services/User/Operations/Register.swift": function(lines: 41)],
        ],
        accepts: [
            "Sources/Services/User/Routes.swift": function(lines: 15),
            "Sources/Services/User/Operations.swift": function(lines: 40),
        ]
    ) { tree in
        tree.product.filter { $0.service != nil }.flatMap { file -> [Violation] in
            let isTransport = ["Routes.swift", "Handlers.swift"].contains(file.name)
            let isOperation = file.name == "Operations.swift" || file.folders.last == "Operations"
            guard isTransport || isOperation else { return [] }
            let most = isTransport ? 15 : 40
            return file.functions.filter { $0.bodyLineCount > most }.map {
                Violation(file, line: $0.line, "`\($0.name)` has \($0.bodyLineCount) lines, at most \(most) here")
            }
        }
    },

    Rule(
        "routes and handlers call operations, never the store",
        refuses: [
            ["Sources/Services/User/Routes.swift": "let store: Store"],
            ["Sources/Services/User/Handlers.swift": "try await store.insert(row, on: tx)"],
        ],
        accepts: ["Sources/Services/User/Routes.swift": "try await operations.register(body) // not the Store"]
    ) { tree in
        tree.product.filter { $0.service != nil && ["Routes.swift", "Handlers.swift"].contains($0.name) }
            .flatMap { $0.matches(of: /\b(?:Store\b|store\.)/) }
    },

    Rule(
        "the domain is synchronous and sees no driver",
        refuses: [
            ["Sources/Services/User/Domain/Account.swift": "func load() async throws {}"],
            ["Sources/Services/User/Domain/Account.swift": "internal import Postgres"],
        ],
        accepts: ["Sources/Services/User/Domain/Account.swift": "public import Contracts\nlet asynchronous = 1"]
    ) { tree in
        let domain = tree.product.filter { $0.service != nil && $0.folders.last == "Domain" }
        let outside = Set(tree.targets(of: .drivers) + ["Postgres", "HTTP", "Messaging", "Platform"])
        return domain.flatMap { file in
            file.matches(of: /\b(?:async|await)\b/)
                + file.imports.filter { outside.contains($0.module) }.map {
                    Violation(file, line: $0.line, "imports \($0.module)")
                }
        }
    },

    Rule(
        "all SQL of a service is in its store and its migrations",
        refuses: [["Sources/Services/User/Operations.swift": #"let sql: SQL = "select id from account""#]],
        accepts: [
            "Sources/Services/User/Store.swift": #"let sql: SQL = "select id from account""#,
            "Sources/Services/User/Store/Store+Accounts.swift": #"let sql: SQL = "select id from account""#,
            "Sources/Services/User/Routes.swift": #"let text = "select a course""#,
        ]
    ) { tree in
        let statement = /^\s*(?:select\s.+\sfrom|insert\s+into|update\s+\S+\s+set|delete\s+from|with\s+\w+\s+as)\s/
            .ignoresCase().dotMatchesNewlines()
        return tree.product.filter { $0.service != nil && $0.name != "Migrations.swift" && !$0.isStore }
            .flatMap { file in
                file.literals.filter { $0.text.firstMatch(of: statement) != nil }.map {
                    Violation(file, line: $0.line, "a statement outside the store")
                }
            }
    },
]

extension File {
    /// The service a file belongs to.
    var service: String? { layer == .services ? target : nil }

    /// Whether a file is the store of a service, or a part of it.
    var isStore: Bool { service != nil && (name == "Store.swift" || folders.last == "Store") }
}

private func lines(_ count: Int) -> String { String(repeating: "\n", count: count) }

private func function(lines count: Int) -> String {
    "func sample() {\n" + String(repeating: "    a()\n", count: count) + "}\n"
}
