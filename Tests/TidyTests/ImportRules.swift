/// The folders are the architecture: imports go down only.
let importRules: [Rule] = [
    Rule(
        "imports go down only: Programs, Services, Platform, Backbone, Drivers, System",
        refuses: [
            ["Sources/Drivers/HTTP/A.swift": "public import Avro", "Sources/Backbone/Avro/A.swift": ""],
            ["Sources/Platform/A.swift": "import struct User.Account", "Sources/Services/User/A.swift": ""],
            ["Sources/Backbone/Avro/A.swift": "@testable import Platform", "Sources/Platform/A.swift": ""],
        ],
        accepts: [
            "Sources/Platform/A.swift": "internal import Avro\n// import User",
            "Sources/Backbone/Avro/A.swift": "import HTTP", "Sources/Drivers/HTTP/A.swift": "import Foundation",
            "Sources/Services/User/A.swift": "import Platform",
        ]
    ) { tree in
        let layers = tree.layers
        return tree.product.flatMap { file -> [Violation] in
            guard let own = file.layer else { return [] }
            return file.imports.compactMap { entry in
                guard let other = layers[entry.module], other > own else { return nil }
                return Violation(file, line: entry.line, "\(own.rawValue) imports \(entry.module) of \(other.rawValue)")
            }
        }
    },

    Rule(
        "no service imports another, and no program a program",
        refuses: [
            ["Sources/Services/User/A.swift": "internal import Auth", "Sources/Services/Auth/A.swift": ""],
            ["Sources/Programs/a/A.swift": "import b", "Sources/Programs/b/A.swift": ""],
        ],
        accepts: ["Sources/Programs/a/A.swift": "import Auth", "Sources/Services/Auth/A.swift": ""]
    ) { tree in
        let layers = tree.layers
        return tree.product.filter { $0.layer == .services || $0.layer == .programs }.flatMap { file in
            file.imports.filter { layers[$0.module] == file.layer && $0.module != file.target }.map {
                Violation(file, line: $0.line, "imports \($0.module)")
            }
        }
    },

    Rule(
        "a C module is imported by exactly one driver",
        refuses: [
            ["Sources/System/CCurl/CCurl.c": "", "Sources/Platform/A.swift": "internal import CCurl"],
            [
                "Sources/System/CCurl/CCurl.c": "", "Sources/Drivers/HTTP/A.swift": "internal import CCurl",
                "Sources/Drivers/Mail/A.swift": "internal import CCurl",
            ],
        ],
        accepts: [
            "Sources/System/CCurl/CCurl.c": "", "Sources/Drivers/HTTP/A.swift": "internal import CCurl",
            "Sources/Drivers/HTTP/B.swift": "internal import CCurl",
        ]
    ) { tree in
        let modules = Set(tree.targets(of: .system))
        var home: [String: String] = [:]
        return tree.product.flatMap { file in
            file.imports.filter { modules.contains($0.module) }.compactMap { entry -> Violation? in
                guard file.layer == .drivers, let target = file.target else {
                    return Violation(file, line: entry.line, "\(entry.module) is a C module, only a driver may see it")
                }
                let first = home[entry.module, default: target]
                home[entry.module] = first
                if first == target { return nil }
                return Violation(file, line: entry.line, "\(entry.module) is at home in \(first)")
            }
        }
    },

    Rule(
        "a C module never shows in a public signature",
        refuses: [["Sources/System/CCurl/CCurl.c": "", "Sources/Drivers/HTTP/A.swift": "public import CCurl"]],
        accepts: ["Sources/System/CCurl/CCurl.c": "", "Sources/Drivers/HTTP/A.swift": "internal import CCurl"]
    ) { tree in
        let modules = Set(tree.targets(of: .system))
        return tree.product.flatMap { file in
            file.imports.filter { modules.contains($0.module) && $0.isPublic }.map {
                Violation(file, line: $0.line, "public import of \($0.module)")
            }
        }
    },

    Rule(
        "the package depends on no other package",
        refuses: [["Package.swift": #"dependencies: [.package(url: "there", from: "1.0.0")]"#]],
        accepts: ["Package.swift": "let package = Package(name: \"LearningHub\")"]
    ) { tree in
        tree.files.filter { $0.path == "Package.swift" }.flatMap { $0.matches(of: /\.package\s*\(/) }
    },
]

/// One `import` line.
struct Import {
    let module: String
    let line: Int
    let isPublic: Bool
}

extension File {
    var imports: [Import] {
        let pattern =
            /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?<access>public\s+|package\s+|internal\s+|fileprivate\s+|private\s+)?import\s+(?:(?:struct|class|enum|protocol|func|let|var|typealias)\s+)?(?<module>[\w-]+)/
        return code.enumerated().compactMap { index, line in
            guard let match = line.firstMatch(of: pattern)?.output else { return nil }
            let isPublic = match.access?.hasPrefix("public") == true
            return Import(module: String(match.module), line: index + 1, isPublic: isPublic)
        }
    }

    func matches(of pattern: Regex<Substring>) -> [Violation] {
        code.enumerated().compactMap { index, line in
            line.firstMatch(of: pattern).map { Violation(self, line: index + 1, "`\($0.output)`") }
        }
    }
}

extension Tree {
    /// The layer of each target.
    var layers: [String: Layer] {
        files.reduce(into: [:]) { layers, file in
            if let target = file.target, let layer = file.layer { layers[target] = layer }
        }
    }

    func targets(of layer: Layer) -> [String] {
        Set(files.filter { $0.layer == layer }.compactMap(\.target)).sorted()
    }
}
