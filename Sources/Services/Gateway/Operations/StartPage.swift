internal import Contracts
internal import HTTP
internal import Platform

/// What a person sees who opens the hub's address: what runs here and where to look.
struct StartPage: Sendable {
    private static let answerTimeMax = Duration.seconds(1)
    /// Whoever looks again and again asks the services no more often than this.
    private static let statesKept = Duration.seconds(1)

    private let context: ServiceContext
    /// Whether `/openapi.yaml` was found.
    private let hasDescription: Bool
    private let states: SharedFetch<States>

    private struct States: Sendable {
        var services: [(ServiceName, Bool)]
        var hasMailbox: Bool
    }

    init(_ context: ServiceContext, _ services: ServiceClient, hasDescription: Bool) {
        self.context = context
        self.hasDescription = hasDescription
        states = SharedFetch(context.loops, keptTime: Self.statesKept) {
            async let hasMailbox = Self.answers(services, .notification, "/dev/mailbox?limit=1")
            return States(services: await Self.states(services), hasMailbox: await hasMailbox)
        }
    }

    func response() async throws -> HTTPResponse {
        let states = try await states.value()
        let rows = states.services.map { name, isReady in
            """
            <tr><td>\(name)</td><td>\(isReady ? "ready" : "not reachable")</td><td>\(place(of: name))</td></tr>
            """
        }
        return HTTPResponse(
            .ok,
            fields: [
                "content-type": "text/html; charset=utf-8",
                "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            ],
            body: .text(Self.head + rows.joined(separator: "\n") + rest(hasMailbox: states.hasMailbox)))
    }

    /// The port of a service; on this machine a link to its health page, since whoever reads this may be on it too.
    private func place(of name: ServiceName) -> String {
        guard let address = context.services[name], let port = address.split(separator: ":").last.flatMap({ Int($0) })
        else { return "" }
        let isNear = ["127.0.0.1", "localhost"].contains { address == "http://\($0):\(port)" }
        return isNear ? "<a href=\"\(address)/health/ready\">\(port)</a>" : "\(port)"
    }

    /// Whether a service says yes. Only the notification service knows whether mail goes out for real, for instance.
    private static func answers(_ services: ServiceClient, _ name: ServiceName, _ target: String) async -> Bool {
        (try? await services.call(name, .get, target, timeout: answerTimeMax)) != nil
    }

    /// Each service behind the gateway, and whether it says that it is ready.
    private static func states(_ services: ServiceClient) async -> [(ServiceName, Bool)] {
        let names = Set(PublicPaths.table.map(\.service))
        return await withTaskGroup(of: (ServiceName, Bool).self) { group in
            for name in names {
                group.addTask { (name, await answers(services, name, "/health/ready")) }
            }
            var states: [(ServiceName, Bool)] = []
            for await state in group { states.append(state) }
            return states.sorted { $0.0 < $1.0 }
        }
    }

    private static let head = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Learning Hub</title>
        <style>
        :root { color-scheme: light dark; }
        body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1.2rem; }
        h1 { font-size: 1.9rem; line-height: 1.2; margin-bottom: .2rem; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; width: 30%; padding: .45rem .8rem .45rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
        code, pre { font: .92em ui-monospace, monospace; }
        pre { background: #8881; padding: .9rem 1rem; border-radius: .5rem; overflow-x: auto; }
        a { color: #1d4ed8; }
        @media (prefers-color-scheme: dark) { a { color: #93c5fd; } }
        </style>
        </head>
        <body>
        <main>
        <h1>Learning Hub</h1>
        <p>This is the gateway: the public door to the services of the hub, which talk through events.</p>
        <h2>What runs</h2>
        <table>
        <thead><tr><th scope="col">Service</th><th scope="col">State</th><th scope="col">Port</th></tr></thead>
        <tbody>

        """

    private func rest(hasMailbox: Bool) -> String {
        let description = """

            <tr><td><a href="/openapi.yaml">/openapi.yaml</a></td><td>The description of the HTTP API</td></tr>
            """
        let mailbox = """

            <tr><td><a href="/dev/mailbox">/dev/mailbox</a></td><td>Mail the hub has sent, while no mail server is configured</td></tr>
            """
        let pages = (hasDescription ? description : "") + (hasMailbox ? mailbox : "")
        let mail = hasMailbox ? "Then look into the mailbox: the welcome mail is there." : "The welcome mail goes out."
        return """

            </tbody>
            </table>
            <h2>Where to look</h2>
            <table>
            <thead><tr><th scope="col">Page</th><th scope="col">What it shows</th></tr></thead>
            <tbody>\(pages)
            <tr><td><a href="/health/ready">/health/ready</a></td><td>Whether the gateway is ready; every service has this page on its own port</td></tr>
            <tr><td><a href="/metrics">/metrics</a></td><td>Figures for Prometheus</td></tr>
            </tbody>
            </table>
            <h2>Try it</h2>
            <pre>curl -sS -X POST "$HUB/auth/register" \\
              -H 'content-type: application/json' -d '{
              "email": "ada@example.com", "password": "a long enough secret",
              "firstName": "Ada", "lastName": "Lovelace"}'</pre>
            <p>with <code>HUB</code> set to this page's address. \(mail)</p>
            <p>On the command line, <code>learning-hub demo</code> plays the whole flow and
            <code>learning-hub trace ID</code> shows the journey of a request by its correlation id.</p>
            </main>
            </body>
            </html>
            """
    }
}
