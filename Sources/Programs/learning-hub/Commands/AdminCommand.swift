internal import Avro
internal import Platform
internal import User

/// `admin create`: an administrator, made by whoever may run commands on the machine.
enum AdminCommand {
    static let command = Command("admin", "Administrators.", members: [create])

    private static let email = Option("email", "ADDRESS", "The administrator's e-mail address.")

    private static let create = Command(
        "create", "Create an administrator; the password is read from standard input.", options: [email, .data, .json],
        examples: ["admin create --email head@school.example < password.txt"],
        notes: "The password has at least 12 characters; a line feed at its end is not part of it."
    ) { arguments, console in
        guard let address = arguments.text(email) else { throw arguments.misuse("--email is missing") }
        let settings = try HubLocation.settingsForParts(arguments)
        guard let password = readLine(strippingNewline: true), !password.isEmpty else {
            throw CommandFailure("no password came on standard input")
        }
        let id = try await create(address, password, settings)
        if arguments.has(.json) {
            console.json(.object([.init("id", .string(id)), .init("email", .string(address))]))
        } else {
            console.line("\(address) is an administrator now (\(id))")
        }
    }

    /// - Returns: the id of the new account.
    static func create(_ email: String, _ password: String, _ settings: Settings) async throws -> String {
        let parts = try await HubParts.open(settings)
        do {
            let user = try await parts.wire(UserService.self)
            let outcome = await outcome {
                try await user.service.operations.createAdmin(email: email, password: password)
            }
            await user.close()
            let id = try outcome.get()
            await parts.close()
            return id
        } catch let error as UserError {
            await parts.close()
            throw CommandFailure("the administrator was not created: \(error)")
        } catch {
            await parts.close()
            throw error
        }
    }
}
