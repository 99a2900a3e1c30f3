/// `demo`: plays what people do, against a running hub.
enum DemoCommand {
    private static let url = Option("url", "URL", "The hub's address. Without it, that of the hub on the data folder.")

    static let command = Command(
        "demo", "Play the registration flow as a real client against a running hub; each step with its time.",
        options: [url, .data, .json], examples: ["demo", "demo --url http://127.0.0.1:3000"],
        notes: "Ends with 1 at the first step that does not arrive."
    ) { arguments, console in
        let client = try APIClient(address: try address(arguments))
        do {
            try await RegistrationFlow(client: client, steps: Steps(console, asJSON: arguments.has(.json))).play()
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    private static func address(_ arguments: Arguments) throws -> String {
        if let address = arguments.text(url) { return address }
        let folder = DataFolder(arguments.text(.data) ?? ".data")
        if folder.isLocked, let note = folder.readNote() { return note.address }
        if arguments.isGiven(.data) { throw CommandFailure("no hub runs on \(folder.path)") }
        return "http://127.0.0.1:3000"
    }
}
