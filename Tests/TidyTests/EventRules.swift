/// `contracts/*.avsc` and the catalogue are the only places that spell a topic.
let eventRules: [Rule] = [
    Rule(
        "a topic is named in the contracts and the catalogue only",
        refuses: [
            [
                "contracts/user.registered.avsc": "{}",
                "Sources/Services/User/UserService.swift": #"let topic = "user.registered""#,
            ],
            ["contracts/user.registered.avsc": "{}", "Sources/Platform/A.swift": #"let s = "user.registered-value""#],
        ],
        accepts: [
            "contracts/user.registered.avsc": "{}",
            "Sources/Backbone/Contracts/TopicCatalogue.swift": #"let topic = "user.registered""#,
            "Sources/Services/User/UserService.swift": #"// user.registered"#,
        ]
    ) { tree in
        let topics = Set(tree.topics)
        return tree.product.filter { !$0.isIn("Sources/Backbone/Contracts") }.flatMap { file in
            file.literals.filter { literal in
                topics.contains { literal.text == $0 || literal.text == "\($0)-value" }
            }.map { Violation(file, line: $0.line, "\"\($0.text)\" is a topic: ask its event type for it") }
        }
    },

    Rule(
        "every event has a row in the catalogue, golden bytes and a version in the history",
        refuses: [
            ["contracts/user.registered.avsc": "{}"],
            [
                "contracts/user.registered.avsc": "{}",
                "Sources/Backbone/Contracts/TopicCatalogue.swift": #"Topic("user.registered")"#,
                "contracts/history/user.registered/1.avsc": "{}",
            ],
        ],
        accepts: [
            "contracts/user.registered.avsc": "{}",
            "Sources/Backbone/Contracts/TopicCatalogue.swift": #"Topic("user.registered")"#,
            "Tests/ContractsTests/Goldens/user.registered.json": "{}",
            "contracts/history/user.registered/1.avsc": "{}",
        ]
    ) { tree in
        let spelled = Set(tree.product.filter { $0.isIn("Sources/Backbone/Contracts") }.flatMap(\.literals).map(\.text))
        return tree.files.filter(\.isContract).flatMap { file -> [Violation] in
            let topic = String(file.name.dropLast(".avsc".count))
            var missing: [String] = []
            if !spelled.contains(topic) { missing.append("a row in the catalogue") }
            if !tree.hasGolden(of: topic) { missing.append("golden bytes in Tests/ContractsTests/Goldens") }
            if !tree.files.contains(where: { $0.isIn("contracts/history") && $0.path.contains("/\(topic)") }) {
                missing.append("a version in contracts/history")
            }
            return missing.map { Violation(file, "lacks \($0)") }
        }
    },
]

extension File {
    var isContract: Bool { folders == ["contracts"] && name.hasSuffix(".avsc") }
}

extension Tree {
    var topics: [String] { files.filter(\.isContract).map { String($0.name.dropLast(".avsc".count)) } }

    func hasGolden(of topic: String) -> Bool {
        files.contains { $0.isIn("Tests/ContractsTests/Goldens") && $0.path.contains("/\(topic)") }
    }
}
