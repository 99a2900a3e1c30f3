internal import Contracts
internal import HTTP
internal import Platform
internal import Postgres
internal import User

/// `demo`: simulates users of a running hub.
enum DemoCommand {
    private static let url = Option(
        "url", "URL",
        "The address of the hub. Default: that of the hub of the data folder or of DATABASE_URL, or port HUB_GATEWAY_PORT of this machine."
    )

    private static let keep = Option(
        "keep", "Keep the two accounts and the course of the demo, and show their log-ins.")

    static let command = Command(
        "demo", "Run a complete scenario against a running hub over HTTP, and show the time of each step.",
        options: [url, keep, .data, .json], examples: ["demo", "demo --url http://127.0.0.1:3000"],
        notes: """
            Ends with exit code 1 at the first step that fails. The demo creates a learner and an instructor in the way of \
            `admin create`, which needs access to the hub's database: name it with --data or DATABASE_URL. At the end, and after \
            Ctrl-C, it deletes both accounts and archives the course. \
            Their e-mail addresses do not exist; a real mail server may refuse them.
            """
    ) { arguments, console in
        let client = try APIClient(address: try await address(arguments))
        let parts = try await prepared(client, arguments)
        let steps = Steps(
            console, asJSON: arguments.has(.json),
            data: arguments.isGiven(.data) ? DataFolder(arguments.text(.data) ?? "").path : nil)
        let learner = DemoAccount("learner"), author = DemoAccount("author")
        let signals = StopSignals()
        let played = await outcome {
            try await signals.first { try await play(client, steps, learner, author, parts, arguments) }
        }
        let cleaned = await outcome {
            if arguments.has(keep) {
                return try await steps.step("the accounts are kept") {
                } detail: {
                    [learner, author].map { "\($0.email) with the password \($0.password)" }.joined(separator: ", ")
                }
            }
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
            do {
                return try await HubLocation.settingsForParts(arguments)
            } catch let error as CommandFailure where arguments.isGiven(url) {
                throw CommandFailure("the demo also needs the database of the hub at \(client.address): \(error)")
            }
        } catch {
            await client.close()
            throw error
        }
    }

    private static func play(
        _ client: APIClient, _ steps: Steps, _ account: DemoAccount, _ author: DemoAccount, _ parts: Settings,
        _ arguments: Arguments
    ) async throws {
        let registration = RegistrationFlow(
            client: client, steps: steps, account: account, mails: SentMail(arguments: arguments))
        let person = try await registration.register()
        try await requireDatabase(with: UserID(validating: try person.text("id")), client, arguments)
        let learner = try await registration.play(person)
        let teacher = try await steps.step("an author account is created") {
            try await AdminCommand.withAccounts(parts) {
                _ = try await $0.createAccount(as: .instructor, email: author.email, password: author.password)
            }
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

    /// The author's account would otherwise be created in another hub.
    private static func requireDatabase(with learner: UserID, _ client: APIClient, _ arguments: Arguments) async throws
    {
        let isThere = try await OpenHub.with(arguments) { hub in
            let database = hub.database(of: .user)
            let isThere = await outcome { try await UserService.knows(learner, in: database) }
            await database.close()
            return try isThere.get()
        }
        if isThere { return }
        throw CommandFailure(
            "the hub at \(client.address) uses another database than this command. Name its database with --data or DATABASE_URL."
        )
    }

    private static func address(_ arguments: Arguments) async throws -> String {
        if let address = arguments.text(url) { return address }
        guard let folder = try HubLocation.folder(arguments) else { return try await recordedAddress(arguments) }
        if let note = try folder.readNote(), folder.isLocked { return note.address }
        if arguments.isGiven(.data) { throw HubLocation.nothingRuns(on: folder) }
        return try address(with: try HubSettings.read())
    }

    /// The address of the gateway that runs on the database of DATABASE_URL.
    private static func recordedAddress(_ arguments: Arguments) async throws -> String {
        let records = try await OpenHub.with(arguments) { try await ProcessRecords($0.database).list() }
        let gateway = records.filter { $0.service == .gateway }.min { $0.silence < $1.silence }
        guard let gateway else { return try address(with: try HubSettings.read()) }
        let port = try gateway.settings.value(PlatformSettings.port(of: .gateway))
        guard gateway.machine == ThisMachine.name, port > 0 else {
            let reason = port > 0 ? "it runs on \(gateway.machine)" : "the system chose its port"
            throw CommandFailure("the address of the gateway is not known: \(reason). Name it with --url.")
        }
        return try address(with: gateway.settings)
    }

    private static func address(with settings: Settings) throws -> String {
        ServiceDirectory.url(
            host: try settings.value(PlatformSettings.host),
            port: try settings.value(PlatformSettings.port(of: .gateway)))
    }
}
