internal import Commit
internal import Contracts
internal import Platform

/// `serve NAME…`: some services, as one process of several.
enum ServeCommand {
    static let command = Command(
        "serve", "Start one or several services in one process.",
        arguments: [
            Argument(
                "NAME", .oneOrMore, "Services: \(HubServices.names).", choices: HubServices.all.map { $0.name.rawValue }
            )
        ],
        examples: ["serve user auth", "serve gateway"],
        notes: """
            Settings come from the environment. DATABASE_URL and HUB_IDENTITY_SECRET are required and the same for all
            processes of a hub. HUB_<SERVICE>_PORT is the port of a service, HUB_<SERVICE>_URL the address at which other
            services call it. /health/ready returns 200 when a service can handle requests. The topics of the log must
            exist; `topics apply` creates them.
            """
    ) { arguments, console in
        let signals = StopSignals()
        var types: [any HubService.Type] = []
        for name in arguments.positional {
            guard let type = HubServices.named(name) else {
                throw arguments.misuse(HubServices.unknown(name))
            }
            if !types.contains(where: { $0 == type }) { types.append(type) }
        }
        let names = types.map { $0.name.rawValue }.joined(separator: " ")
        let process = try await HubProcess.start(
            types, command: "serve \(names)", settings: try HubSettings.read(), topics: .check, commit: Commit.name
        ) { ready in
            console.line("\(ready.service) ready on port \(ready.port)")
            if let port = ready.privatePort { console.line("/metrics of the \(ready.service) on port \(port)") }
        }
        await signals.first()
        await process.stop()
    }
}
