import Contracts
import Testing

@testable import learning_hub

@Suite struct ArgumentsTests {
    static let limit = Option("limit", "N", default: "10", "How many.")
    static let command = Command(
        "hub", "A hub.",
        members: [
            Command(
                "topics", "Topics.",
                members: [
                    Command("list", "List them.", options: [.json], examples: ["topics list"]) { _, _ in },
                    Command(
                        "tail", "Show them.", arguments: [Argument("TOPIC", "A topic.")], options: [limit, .json],
                        examples: ["topics tail a"]
                    ) { _, _ in },
                ]),
            Command(
                "move", "Move.", options: [.json, Option("to", "PLACE", required: true, "Where to.")],
                examples: ["move"]
            ) { _, _ in },
            Command("serve", "Serve.", arguments: [Argument("NAME", .oneOrMore, "Services.")], examples: []) { _, _ in
            },
        ])

    private func parse(_ words: String...) throws -> Arguments {
        try Arguments(try Self.command.resolve(words[...], path: []))
    }

    @Test func `options, flags and arguments can have any order`() throws {
        let arguments = try parse("topics", "tail", "--limit", "3", "a", "--json")
        #expect(arguments.path == ["hub", "topics", "tail"])
        #expect(arguments.positional == ["a"])
        #expect(arguments.has(.json))
        #expect(try arguments.number(Self.limit, in: 1...5) == 3)
        #expect(try parse("topics", "tail", "--limit=4", "a").text(Self.limit) == "4")
    }

    @Test func `a value may look like an option behind an equals sign, and like a negative number anywhere`() throws {
        #expect(try parse("topics", "tail", "a", "--limit=--json").text(Self.limit) == "--json")
        #expect(try parse("topics", "tail", "a", "--limit", "-3").text(Self.limit) == "-3")
    }

    @Test func `an option that is not given has its default`() throws {
        let arguments = try parse("topics", "tail", "a")
        #expect(arguments.text(Self.limit) == "10")
        #expect(!arguments.isGiven(Self.limit))
    }

    @Test func `a group of commands without a member runs its first member`() throws {
        #expect(try parse("topics").path == ["hub", "topics", "list"])
        #expect(try parse("topics", "--json").has(.json))
    }

    @Test func `help of a group of commands lists all its members`() throws {
        let call = try Self.command.resolve(["topics", "--help"], path: [])
        #expect(Help.text(of: call).contains("tail"))
    }

    @Test func `help marks required options and arguments, and needs none of them`() throws {
        let call = try Self.command.resolve(["move", "--help"], path: [])
        #expect(Help.text(of: call).contains("usage: hub move --to PLACE [--json]\n"))
        #expect(Help.text(of: call).contains("--to PLACE  Required. Where to."))
        #expect(try Arguments(call).has(.help))
    }

    @Test func `a text is wrapped at words, and a long word stands alone`() {
        let lines = Columns.wrapped("one two three incomprehensibilities four", width: 12, indent: 2, first: 0)
        #expect(lines == ["one two", "  three", "  incomprehensibilities", "  four"])
    }

    @Test func `a word after two dashes is an argument`() throws {
        #expect(try parse("topics", "tail", "--", "--json").positional == ["--json"])
    }

    @Test(arguments: [
        (["walk"], "unknown command `walk`"),
        (["topics", "tali"], "unknown command `tali`. Did you mean `tail`?"),
        (["topics", "tail"], "TOPIC is missing"),
        (["topics", "tail", "a", "b"], "unexpected argument `b`"),
        (["topics", "tail", "a", "--lim", "3"], "unknown option --lim. Did you mean `--limit`?"),
        (["topics", "tail", "a", "--limti", "3"], "unknown option --limti. Did you mean `--limit`?"),
        (["topics", "tail", "a", "--colour"], "unknown option --colour"),
        (["sreve"], "unknown command `sreve`. Did you mean `serve`?"),
        (["move"], "--to PLACE is missing"),
        (["topics", "tail", "a", "--limit"], "--limit N needs a value"),
        (["topics", "tail", "a", "--limit", "1", "--limit", "2"], "--limit is given twice"),
        (["topics", "list", "--json=yes"], "--json takes no value"),
        (["serve"], "NAME is missing"),
        (["serve", ""], "NAME is empty"),
        (["topics", "tail", ""], "TOPIC is empty"),
        (["topics", "tail", "a", "--limit="], "--limit N needs a value"),
        (["topics", "tail", "a", "--limit", ""], "--limit N needs a value"),
        (["topics", "tail", "a", "--limit", "--json"], "--limit N needs a value"),
        (["--json"], "a command is missing before `--json`"),
    ])
    func `an invalid command line gets a specific message`(words: [String], message: String) {
        let error = #expect(throws: UsageError.self) {
            _ = try Arguments(try Self.command.resolve(words[...], path: []))
        }
        #expect(error?.message == message)
    }

    @Test func `a number out of range is refused`() throws {
        let error = try #require(throws: UsageError.self) {
            _ = try parse("topics", "tail", "a", "--limit", "9").number(Self.limit, in: 1...5)
        }
        #expect(error.message == "--limit N: `9` is not a whole number, 1 to 5")
    }

    @Test func `every command of the program says what it does, with an example`() {
        func check(_ command: Command) {
            #expect(!command.summary.isEmpty)
            if command.members.isEmpty {
                #expect(!command.examples.isEmpty, "\(command.name) has no example")
                #expect(command.body != nil)
            }
            command.members.forEach(check)
        }
        check(Program.commands)
    }

    @Test func `every example in the help is a valid command line`() throws {
        func check(_ command: Command) throws {
            for example in command.examples {
                let words = example.prefix { $0 != "<" && $0 != ">" }.split(separator: " ").map(String.init)
                let call = try Program.commands.resolve(words[...], path: [])
                #expect(call.command.name == command.name)
                _ = try Arguments(call)
                let eventIDs = words.filter { $0.hasPrefix("\(EventID.prefix)_") }
                #expect(eventIDs.allSatisfy { EventID(rawValue: $0) != nil }, "\(example) names no event")
            }
            try command.members.forEach(check)
        }
        try check(Program.commands)
    }
}
