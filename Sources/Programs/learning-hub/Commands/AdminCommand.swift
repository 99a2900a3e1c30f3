internal import Avro
internal import Contracts
internal import Platform
internal import User

/// `admin create`: creates an administrator; needs only access to the machine.
enum AdminCommand {
    static let command = Command("admin", "Manage administrators.", members: [create])

    private static let email = Option("email", "ADDRESS", required: true, "The administrator's e-mail address.")

    private static let create = Command(
        "create", "Create an administrator. The command asks for the password, or reads it from standard input.",
        options: [email, .data, .json],
        examples: [
            "admin create --email head@school.example", "admin create --email head@school.example < password.txt",
        ],
        notes: "The password has at least 12 characters. A line feed at its end is ignored."
    ) { arguments, console in
        let address = arguments.text(email) ?? ""
        let settings = try await HubLocation.settingsForParts(arguments)
        let id = try await withAccounts(settings) { accounts in
            try await accounts.checkAddress(address)
            let password = try password(of: address, console) {
                try accounts.checkPassword($0, email: address)
            }
            return try await accounts.createAccount(as: .admin, email: address, password: password)
        }
        if arguments.has(.json) {
            console.json(.object([.init("id", .string(id)), .init("email", .string(address))]))
        } else {
            console.line("\(address) is now an administrator (\(id))")
        }
    }

    /// Typed twice on a terminal, else the first line of standard input.
    /// - Parameter check: throws for an unsuitable password; the person does not repeat it then.
    private static func password(
        of address: String, _ console: Console, _ check: (String) throws -> Void
    ) throws -> String {
        guard Console.isInteractive else {
            guard let password = readLine(), !password.isEmpty else {
                throw CommandFailure(
                    "standard input contains no password. Run the command on a terminal, or write the password to its standard input."
                )
            }
            return password
        }
        guard let password = console.secret("Password of \(address)"), !password.isEmpty else {
            throw CommandFailure("no password was given")
        }
        try check(password)
        guard console.secret("Repeat the password") == password else {
            throw CommandFailure("the two passwords differ; no account was created")
        }
        return password
    }

    /// Calls `body` with the operations of the user service, which need not run.
    static func withAccounts<Result: Sendable>(
        _ settings: Settings, _ body: (Operations) async throws -> Result
    ) async throws -> Result {
        let parts = try await HubParts.open(settings)
        do {
            let user = try await parts.wire(UserService.self)
            let outcome = await outcome { try await body(user.service.operations) }
            await user.close()
            let result = try outcome.get()
            await parts.close()
            return result
        } catch UserError.emailTaken {
            await parts.close()
            throw CommandFailure(
                "the account was not created: an account with this e-mail address exists. Use another address; an administrator can change the role of an account."
            )
        } catch let error as UserError {
            await parts.close()
            throw CommandFailure("the account was not created: \(error)")
        } catch {
            await parts.close()
            throw error
        }
    }
}
