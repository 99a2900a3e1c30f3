internal import Commit
internal import Contracts
internal import Platform

/// `serve NAME…`: some services, as one process of several.
enum ServeCommand {
    static let command = Command(
        "serve", "Start some services, configured from the environment.",
        arguments: [
            Argument(
                "NAME", .oneOrMore, "Services: \(HubServices.names).", choices: HubServices.all.map { $0.name.rawValue }
            )
        ],
        examples: ["serve user auth", "serve gateway"],
        notes: """
            Needs DATABASE_URL and HUB_IDENTITY_SECRET, the same for all processes of a hub. Where a service listens and
            where it finds the others: HUB_<SERVICE>_PORT and HUB_<SERVICE>_URL. /health/ready says when it is of use.
            The log's topics must be there: `topics apply` makes them.
            """
    ) { arguments, console in
        let signals = StopSignals()
        var types: [any HubService.Type] = []
        for name in arguments.positional {
            guard let type = HubServices.named(name) else {
                throw arguments.misuse("there is no service `\(name)`; there are \(HubServices.names)")
            }
            if !types.contains(where: { $0 == type }) { types.append(type) }
        }
        let process = try await HubProcess.start(
            types, settings: try HubSettings.read(), topics: .check, commit: Commit.name
        ) { ready in
            console.line("\(ready.service) ready on port \(ready.port)")
            if let port = ready.privatePort { console.line("/metrics of the \(ready.service) on port \(port)") }
        }
        await signals.first()
        await process.stop()
    }
}
