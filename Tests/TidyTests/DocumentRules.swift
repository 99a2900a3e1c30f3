import Foundation

let documentRules: [Rule] = [
    Rule(
        "every link of a document to a file resolves",
        refuses: [
            ["README.md": "see [there](docs/none.md)"],
            ["docs/a.md": "[b](b.md#no-such-heading)", "docs/b.md": "# Another"],
            ["README.md": "![picture](picture.svg)"],
        ],
        accepts: [
            "README.md": "[a](docs/a.md) [web](https://example.org) [here](#a-heading)\n## A heading\n`[no](link)`",
            "docs/a.md": "[up](../README.md#a-heading) [folder](../docs)\n```\n[none](none.md)\n```",
        ]
    ) { tree in
        tree.files.filter(\.isMarkdown).flatMap { file in
            file.links.compactMap { link in
                tree.resolves(link.target, from: file)
                    ? nil : Violation(file, line: link.line, "\(link.target) is not there")
            }
        }
    },

    Rule(
        "every `make` target and command a document names exists",
        refuses: [["Makefile": "run: build\n", "README.md": "`make walk`"]],
        accepts: ["Makefile": "run: build\n", "README.md": "`make run`, and make tea\n```\nmake run ARGS=1\n```"]
    ) { tree in
        guard let makefile = tree.files.first(where: { $0.path == "Makefile" }) else { return [] }
        let targets = Set(makefile.lines.compactMap { $0.firstMatch(of: /^([a-z-]+):/).map { String($0.output.1) } })
        return tree.files.filter(\.isMarkdown).flatMap { file in
            file.lines.enumerated().flatMap { index, line in
                line.matches(of: /(?:`|^\s*)make ([a-z-]+)/).filter { !targets.contains(String($0.output.1)) }
                    .map { Violation(file, line: index + 1, "`make \($0.output.1)` is no target") }
            }
        }
    },

    Rule(
        "a decision says its context, what was decided and what follows, and the list links to it",
        refuses: [
            ["docs/decisions/01-a.md": "## Context\n## Decision\n", "docs/decisions/README.md": "01-a.md"],
            ["docs/decisions/01-a.md": "## Context\n## Decision\n## Consequences\n", "docs/decisions/README.md": ""],
        ],
        accepts: [
            "docs/decisions/01-a.md": "## Context\n## Decision\n## Consequences\n",
            "docs/decisions/README.md": "01-a.md",
        ]
    ) { tree in
        let list = tree.files.first { $0.path == "docs/decisions/README.md" }?.text ?? ""
        return tree.files.filter { $0.isIn("docs/decisions") && $0.name != "README.md" }.flatMap { file in
            ["## Context", "## Decision", "## Consequences"].filter { !file.lines.contains($0) }
                .map { Violation(file, "lacks \($0)") }
                + (list.contains(file.name) ? [] : [Violation(file, "is not in the list of decisions")])
        }
    },

    Rule(
        "the repository stands alone: it names no registry's host and nothing outside itself",
        refuses: [
            ["README.md": "see .." + "/shared/spec"], ["Makefile": "pip install --index-url https://py" + "pi.org"],
            ["Sources/Platform/A.swift": "let path = \"/wo" + "rk/main\""],
        ],
        accepts: ["README.md": "the network/workers, shared/ values and PyPI"]
    ) { tree in
        // Written in two parts so that this file keeps the rule too.
        let banned = [
            ".." + "/shared", "/wo" + "rk/", "/fa" + "rm/", "COM" + "PASS", "DEVELOP" + "ERS.md", "issues" + " show",
            "py" + "pi.org", "python" + "hosted", "npm" + "js", "crates" + ".io", "deb." + "debian.org",
            "proxy." + "golang.org", "maven" + ".org", "nuget" + ".org", "docker" + ".io", "gh" + "cr.io",
            "quay" + ".io",
        ]
        return tree.files.flatMap { file in
            file.lines.enumerated().compactMap { index, line in
                banned.first { line.contains($0) && !line.contains("net\($0)") }.map {
                    Violation(file, line: index + 1, "names `\($0)`")
                }
            }
        }
    },

    Rule(
        "`openapi/gateway.yaml` lists every slug of the program and no other, and says what each means and what to do",
        refuses: [
            [
                "Sources/Platform/A.swift": "Problem(.conflict, \"a-taken\")",
                "openapi/gateway.yaml": slugs(["b-taken"]),
            ],
            ["Sources/Platform/A.swift": "Problem(.conflict, \"a-taken\")", "openapi/gateway.yaml": slugs([])],
            ["Sources/Platform/A.swift": "", "openapi/gateway.yaml": slugs(["a-taken"])],
            ["Sources/Platform/A.swift": "Problem(\n    499, \"a\")", "openapi/gateway.yaml": slugs(["a"], says: "")],
            ["Sources/Platform/A.swift": "Problem(.conflict, slug)", "openapi/gateway.yaml": slugs([])],
            [
                "Sources/Platform/A.swift": "let a: Problem = .init(.conflict, \"a\")",
                "openapi/gateway.yaml": slugs([]),
            ],
        ],
        accepts: [
            "Sources/Platform/A.swift":
                "Problem(\n    499, \"b-taken\", title: \"A\")\nProblem(.conflict, \"a\")\nProblem(answering: error)",
            "openapi/gateway.yaml": slugs(["a", "b-taken"]),
        ]
    ) { tree in
        guard let description = tree.files.first(where: { $0.path == "openapi/gateway.yaml" }) else { return [] }
        let problems = tree.product.flatMap { file in file.problems.map { (file: file, slug: $0) } }
        let real = Set(problems.compactMap(\.slug)), listed = description.slugs
        return problems.filter { $0.slug == nil }.map { Violation($0.file, "writes the slug of a problem not out") }
            + real.subtracting(listed).sorted().map { Violation(description, "does not list `\($0)`") }
            + listed.filter { !real.contains($0) }.map { Violation(description, "`\($0)` is nothing's slug") }
            + description.unexplainedSlugs.map { Violation(description, "does not say what `\($0)` means") }
    },
]

/// The part of `openapi/gateway.yaml` that lists `slugs` with their descriptions.
private func slugs(_ slugs: [String], says: String = "It is so. Do that.") -> String {
    "    Problem:\n        code:\n          oneOf:\n"
        + slugs.map { "            - const: \($0)\n              description: \"\(says)\"\n" }.joined()
        + "        detail:\n"
}

extension File {
    /// The slugs that an `openapi/gateway.yaml` lists.
    fileprivate var slugs: [String] { problemLines.compactMap(Self.slug) }

    /// Those without two sentences behind them.
    fileprivate var unexplainedSlugs: [String] {
        zip(problemLines, problemLines.dropFirst() + [""]).compactMap { line, next in
            let explains = next.wholeMatch(of: /\s{14}description: ".+\. .+\."/) != nil
            return explains ? nil : Self.slug(line)
        }
    }

    private var problemLines: [String] {
        let code = lines.drop { $0 != "    Problem:" }.drop { $0 != "        code:" }
        let list = code.drop { $0 != "          oneOf:" }.dropFirst()
        return list.prefix { $0.hasPrefix("            ") }.map { String($0) }
    }

    private static func slug(_ line: String) -> String? {
        line.hasPrefix("            - const: ") ? String(line.dropFirst(21)) : nil
    }

    /// The slug of each problem in Swift code; nil if it is not a literal. Problems converted from errors are not included.
    fileprivate var problems: [String?] {
        text.matches(
            of: /\b(?:Problem|Problem\s*=\s*\.init)\((?!error\)|answering:|from:)(?:\s*(?:\.\w+|\d+),\s*"([^"\\]*)")?/
        )
        .map { $0.output.1.map(String.init) }
    }
}

extension File {
    /// Links outside of code, and where they stand.
    fileprivate var links: [(target: String, line: Int)] {
        var isFenced = false
        return lines.enumerated().flatMap { index, line -> [(target: String, line: Int)] in
            if line.drop(while: { $0 == " " }).hasPrefix("```") { isFenced.toggle() }
            if isFenced { return [] }
            return line.replacing(/`[^`]*`/, with: "").matches(of: /\]\(([^)\s]+)(?:\s+"[^"]*")?\)/)
                .map { (String($0.output.1), index + 1) }
        }
    }

    /// The anchors of the headings, as web sites that show Markdown make them.
    fileprivate var anchors: Set<String> {
        Set(
            lines.filter { $0.hasPrefix("#") }.map { line in
                line.drop { $0 == "#" || $0 == " " }.lowercased()
                    .filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
                    .replacing(" ", with: "-")
            })
    }
}

extension Tree {
    fileprivate func resolves(_ target: String, from file: File) -> Bool {
        if target.contains("://") || target.hasPrefix("mailto:") { return true }
        let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].isEmpty ? file.path : path(of: String(parts[0]), from: file)
        if parts.count == 2, let other = files.first(where: { $0.path == path }), other.isMarkdown {
            return other.anchors.contains(String(parts[1]))
        }
        return contains(path) || containsFolder(path)
    }

    private func path(of link: String, from file: File) -> String {
        var folders = link.hasPrefix("/") ? [] : file.folders
        for part in link.split(separator: "/") where part != "." {
            if part == ".." { _ = folders.popLast() } else { folders.append(String(part)) }
        }
        return folders.joined(separator: "/")
    }
}
