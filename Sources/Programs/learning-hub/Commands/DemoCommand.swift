internal import Contracts
internal import Platform

/// `demo`: simulates users of a running hub.
enum DemoCommand {
    private static let url = Option(
        "url", "URL",
        "The hub's address. Without it, that of the hub on the data folder, else port HUB_GATEWAY_PORT here.")

    private static let keep = Option("keep", "Leave what the demo has made: two accounts and a course.")

    static let command = Command(
        "demo", "Play what people do as real clients against a running hub; each step with its time.",
        options: [url, keep, .data, .json], examples: ["demo", "demo --url http://127.0.0.1:3000"],
        notes: """
            Ends with 1 at the first step that does not arrive. The course is written by an instructor whom the demo makes, as \
            `admin create` does: for that it must reach the hub's database. In the end both accounts are erased, and the course \
            is archived with that, after Ctrl-C too. The addresses are nobody's; where the hub sends real mail, its server may refuse them.
            """
    ) { arguments, console in
        let client = try APIClient(address: try address(arguments))
        let steps = Steps(console, asJSON: arguments.has(.json))
        let learner = DemoAccount("learner"), author = DemoAccount("author")
        let signals = StopSignals()
        let played = await outcome {
            try await signals.first { try await play(client, steps, learner, author, arguments) }
        }
        let cleaned = await outcome {
            if arguments.has(keep) { return }
            try await steps.step("what the demo has made is removed") {
                for account in [learner, author] { try await client.erase(account) }
            }
        }
        await client.close()
        if !(try played.get()) { throw CommandFailure("the demo was interrupted") }
        try cleaned.get()
    }

    private static func play(
        _ client: APIClient, _ steps: Steps, _ account: DemoAccount, _ author: DemoAccount, _ arguments: Arguments
    ) async throws {
        let learner = try await RegistrationFlow(
            client: client, steps: steps, account: account, mails: SentMail(arguments: arguments)
        ).play()
        let teacher = try await steps.step("an author is made") {
            _ = try await AdminCommand.create(
                .instructor, author.email, author.password, try await HubLocation.settingsForParts(arguments))
            return try await client.logIn(author)
        }
        let (course, enrollment) = try await EnrollmentFlow(
            client: client, steps: steps, author: teacher, learner: learner
        ).play()
        let completion = CompletionFlow(
            client: client, steps: steps, learner: learner, course: course, enrollment: enrollment)
        try await completion.read()
        try await QuizFlow(client: client, steps: steps, learner: learner, course: course).play()
        try await completion.play()
    }

    private static func address(_ arguments: Arguments) throws -> String {
        if let address = arguments.text(url) { return address }
        let folder = DataFolder(arguments.text(.data) ?? ".data")
        if let note = try folder.readNote(), folder.isLocked { return note.address }
        if arguments.isGiven(.data) { throw CommandFailure("no hub runs on \(folder.path)") }
        let settings = try HubSettings.read()
        return ServiceDirectory.url(
            host: "127.0.0.1", port: try settings.value(PlatformSettings.port(of: .gateway)))
    }
}
