let nameRules: [Rule] = [
    Rule(
        "no type or file is a Manager, Helper, Util, Impl, Base, Data or Info",
        refuses: [
            ["Sources/Platform/A.swift": "public final class SessionManager {}"],
            ["Sources/Platform/A.swift": "struct UserInfo {}"],
            ["Tests/UserTests/TestHelpers.swift": ""],
        ],
        accepts: ["Sources/Platform/Metadata.swift": "struct Metadata {}\nlet userInfo = 1\nstruct BasePath {}"]
    ) { tree in
        let empty = "(?:Manager|Helper|Util|Utility|Utilities|Impl|Base|Data|Info)s?"
        guard let type = try? Regex("\\b(?:struct|class|enum|actor|protocol|typealias)\\s+(\\w*\(empty))\\b"),
            let name = try? Regex("(?:^|[a-z])\(empty)\\.swift$")
        else { return [] }
        return tree.files.filter(\.isSwift).flatMap { file -> [Violation] in
            let inCode = file.code.enumerated().compactMap { index, line in
                line.firstMatch(of: type).map { Violation(file, line: index + 1, "`\(line[$0.range])`") }
            }
            return inCode + (file.name.firstMatch(of: name) == nil ? [] : [Violation(file, "says nothing as a name")])
        }
    },

    Rule(
        "a service is named in one word and its folder bears its name",
        refuses: [
            ["Sources/Services/UserService/UserServiceService.swift": ""], ["Sources/Services/user/README.md": ""],
        ],
        accepts: ["Sources/Services/User/UserService.swift": ""]
    ) { tree in
        tree.files.filter { $0.service != nil && $0.service?.wholeMatch(of: /(?!.*Service$)[A-Z][a-z]+/) == nil }
            .map { Violation($0, "`\($0.service ?? "")` is not one capitalised word") }
    },

    Rule(
        "a public type or function of a shared target says what it is",
        refuses: [
            ["Sources/Platform/A.swift": "public struct Health {}"],
            ["Sources/Drivers/Mail/A.swift": "// Not for readers of the documentation.\npublic func send() {}"],
        ],
        accepts: [
            "Sources/Platform/A.swift":
                "/// Health.\n// @unchecked: x.\n@frozen\npublic struct A {\n    public func b() {}\n}",
            "Sources/Services/User/A.swift": "public struct UserService {}",
        ]
    ) { tree in
        let declaration = /^public (?:(?:final|indirect|nonisolated) )*(?:struct|class|enum|actor|protocol|func)\b/
        let shared = tree.product.filter { [.drivers, .backbone, .platform].contains($0.layer) && !$0.isGenerated }
        return shared.flatMap { file in
            file.matches(of: declaration).filter { found in
                let above = file.lines[..<((found.line ?? 1) - 1)].reversed().prefix { $0.contains(/^(?:\/\/|@)/) }
                return !above.contains { $0.hasPrefix("///") }
            }
        }
    },
]
