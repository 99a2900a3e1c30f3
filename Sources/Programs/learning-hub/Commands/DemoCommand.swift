/// `demo`: plays what people do, against a running hub.
enum DemoCommand {
    private static let url = Option("url", "URL", "The hub's address. Without it, that of the hub on the data folder.")

    static let command = Command(
        "demo", "Play the registration flow as a real client against a running hub; each step with its time.",
        options: [url, .data, .json], examples: ["demo", "demo --url http://127.0.0.1:3000"],
        notes: "Ends with 1 at the first step that does not arrive."
    ) { arguments, console in
        let note = arguments.text(.data).flatMap { DataFolder($0).readNote() }
        let client = try APIClient(address: arguments.text(url) ?? note?.address ?? "http://127.0.0.1:3000")
        do {
            try await RegistrationFlow(client: client, steps: Steps(console, asJSON: arguments.has(.json))).play()
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }
}
