internal import Platform
internal import Secrets
internal import User

/// `demo`: plays what people do, against a running hub.
enum DemoCommand {
    private static let url = Option("url", "URL", "The hub's address. Without it, that of the hub on the data folder.")

    static let command = Command(
        "demo", "Play what people do as real clients against a running hub; each step with its time.",
        options: [url, .data, .json], examples: ["demo", "demo --url http://127.0.0.1:3000"],
        notes: """
            Ends with 1 at the first step that does not arrive. Courses are written by an administrator whom the demo makes, as \
            `admin create` does: for that it must reach the hub's database.
            """
    ) { arguments, console in
        let client = try APIClient(address: try address(arguments))
        do {
            try await play(client, Steps(console, asJSON: arguments.has(.json)), arguments)
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    private static func play(_ client: APIClient, _ steps: Steps, _ arguments: Arguments) async throws {
        let learner = try await RegistrationFlow(client: client, steps: steps).play()
        let author: DemoPerson = try await steps.step("an author is made") { try await makeAuthor(client, arguments) }
        let (course, enrollment) = try await EnrollmentFlow(
            client: client, steps: steps, author: author, learner: learner
        ).play()
        let completion = CompletionFlow(
            client: client, steps: steps, learner: learner, course: course, enrollment: enrollment)
        try await completion.read()
        try await QuizFlow(client: client, steps: steps, learner: learner, course: course).play()
        try await completion.play()
    }

    /// Who may write courses; an account with a password that is forgotten at once.
    private static func makeAuthor(_ client: APIClient, _ arguments: Arguments) async throws -> DemoPerson {
        let email = "demo.author.\(SecureRandom.token(byteCount: 6).lowercased())@example.org"
        let password = SecureRandom.token(byteCount: 18)
        _ = try await AdminCommand.create(email, password, try HubLocation.settingsForParts(arguments))
        return try await client.logIn(email, password)
    }

    private static func address(_ arguments: Arguments) throws -> String {
        if let address = arguments.text(url) { return address }
        let folder = DataFolder(arguments.text(.data) ?? ".data")
        if folder.isLocked, let note = folder.readNote() { return note.address }
        if arguments.isGiven(.data) { throw CommandFailure("no hub runs on \(folder.path)") }
        return "http://127.0.0.1:3000"
    }
}
