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
        let password = try password(of: address, console)
        let id = try await create(.admin, address, password, settings)
        if arguments.has(.json) {
            console.json(.object([.init("id", .string(id)), .init("email", .string(address))]))
        } else {
            console.line("\(address) is now an administrator (\(id))")
        }
    }

    /// Typed twice on a terminal, else the first line of standard input.
    private static func password(of address: String, _ console: Console) throws -> String {
        guard Console.isInteractive else {
            guard let password = readLine(), !password.isEmpty else {
                throw CommandFailure("standard input contains no password")
            }
            return password
        }
        guard let password = console.secret("Password of \(address)"), !password.isEmpty else {
            throw CommandFailure("no password was given")
        }
        guard console.secret("Repeat the password") == password else {
            throw CommandFailure("the two passwords differ; no account was created")
        }
        return password
    }

    /// - Returns: the id of the new account.
    static func create(
        _ role: Role, _ email: String, _ password: String, _ settings: Settings
    ) async throws -> String {
        let parts = try await HubParts.open(settings)
        do {
            let user = try await parts.wire(UserService.self)
            let outcome = await outcome {
                try await user.service.operations.createAccount(as: role, email: email, password: password)
            }
            await user.close()
            let id = try outcome.get()
            await parts.close()
            return id
        } catch let error as UserError {
            await parts.close()
            throw CommandFailure("the account was not created: \(error)")
        } catch {
            await parts.close()
            throw error
        }
    }
}
