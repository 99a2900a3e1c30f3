internal import Contracts
internal import HTTP
internal import Platform

/// `demo`: simulates users of a running hub.
enum DemoCommand {
    private static let url = Option(
        "url", "URL",
        "The address of the hub. Default: the hub that runs on the data folder, or port HUB_GATEWAY_PORT of this machine."
    )

    private static let keep = Option("keep", "Keep the two accounts and the course of the demo.")

    static let command = Command(
        "demo", "Run a complete scenario against a running hub over HTTP, and show the time of each step.",
        options: [url, keep, .data, .json], examples: ["demo", "demo --url http://127.0.0.1:3000"],
        notes: """
            Ends with exit code 1 at the first step that fails. The demo creates a learner and an instructor in the way of \
            `admin create`, which needs access to the hub's database. At the end, and after \
            Ctrl-C, it deletes both accounts and archives the course. \
            Their e-mail addresses do not exist; a real mail server may refuse them.
            """
    ) { arguments, console in
        let client = try APIClient(address: try address(arguments))
        let parts = try await prepared(client, arguments)
        let steps = Steps(console, asJSON: arguments.has(.json))
        let learner = DemoAccount("learner"), author = DemoAccount("author")
        let signals = StopSignals()
        let played = await outcome {
            try await signals.first { try await play(client, steps, learner, author, parts, arguments) }
        }
        let cleaned = await outcome {
            if arguments.has(keep) { return }
            try await steps.step("the data of the demo is deleted") {
                for account in [learner, author] { try await client.erase(account) }
            }
        }
        await client.close()
        if !(try played.get()) { throw CommandFailure("the demo was interrupted") }
        try cleaned.get()
    }

    /// Fails before the first step if the hub does not answer or its database, which the author's account needs, is not found.
    private static func prepared(_ client: APIClient, _ arguments: Arguments) async throws -> Settings {
        do {
            _ = try await client.call(.get, "/health")
            return try await HubLocation.settingsForParts(arguments)
        } catch {
            await client.close()
            throw error
        }
    }

    private static func play(
        _ client: APIClient, _ steps: Steps, _ account: DemoAccount, _ author: DemoAccount, _ parts: Settings,
        _ arguments: Arguments
    ) async throws {
        let learner = try await RegistrationFlow(
            client: client, steps: steps, account: account, mails: SentMail(arguments: arguments)
        ).play()
        let teacher = try await steps.step("an author account is created") {
            _ = try await AdminCommand.create(.instructor, author.email, author.password, parts)
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
