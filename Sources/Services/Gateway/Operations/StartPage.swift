internal import Contracts
internal import HTTP
internal import Platform

/// The page at the hub's address: the state of the services, and links.
struct StartPage: Sendable {
    private static let answerTimeMax = Duration.seconds(1)
    /// Repeated views query the services at most this often.
    private static let statesKept = Duration.seconds(1)

    private let context: ServiceContext
    /// Whether the description of the API was found.
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
            <tr><td>\(name)</td><td>\(Self.word(isReady))</td><td>\(place(of: name))</td></tr>
            """
        }
        return HubPage.response(
            title: "Learning Hub",
            main: Self.head + rows.joined(separator: "\n") + rest(hasMailbox: states.hasMailbox))
    }

    /// Uses colour, word and sign, for colour-blind readers.
    private static func word(_ isReady: Bool) -> String {
        isReady
            ? "<span class=\"good\"><span aria-hidden=\"true\">●</span> ready</span>"
            : "<span class=\"bad\"><span aria-hidden=\"true\">▲</span> not reachable</span>"
    }

    /// The port of a service; if it is on this machine, a link to its health page, since the reader may be too.
    private func place(of name: ServiceName) -> String {
        guard let address = context.services[name], let port = address.split(separator: ":").last.flatMap({ Int($0) })
        else { return "" }
        let isNear = ["127.0.0.1", "localhost"].contains { address == "http://\($0):\(port)" }
        return isNear ? "<a href=\"\(address)/health/ready\">\(port)</a>" : "\(port)"
    }

    /// Whether a service returns success. For instance, only notification knows whether mail is really sent.
    private static func answers(_ services: ServiceClient, _ name: ServiceName, _ target: String) async -> Bool {
        (try? await services.call(name, .get, target, timeout: answerTimeMax)) != nil
    }

    /// The gateway and the services behind it, with their readiness.
    private static func states(_ services: ServiceClient) async -> [(ServiceName, Bool)] {
        let names = Set(PublicPaths.table.map(\.service)).union([.gateway])
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
        <h1>Learning Hub</h1>
        <p>This page comes from the gateway, the public entry point of the hub. The services behind it communicate through events.</p>
        <h2>Services</h2>
        <table class="even">
        <thead><tr><th scope="col">Service</th><th scope="col">State</th><th scope="col">Port</th></tr></thead>
        <tbody>

        """

    private func rest(hasMailbox: Bool) -> String {
        let description = """

            <tr><td><a href="/docs">/docs</a></td><td>The calls of the API, and who may make them</td></tr>
            <tr><td><a href="/openapi.yaml">/openapi.yaml</a></td><td>The API description in OpenAPI 3.1; also as <a href="/openapi.json">JSON</a></td></tr>
            <tr><td><a href="/problems">/problems</a></td><td>The meaning of each error code, and what to do</td></tr>
            """
        let mailbox = """

            <tr><td><a href="/dev/mailbox">/dev/mailbox</a></td><td>Mails of the hub, stored here because no mail server is configured</td></tr>
            """
        let pages = (hasDescription ? description : "") + (hasMailbox ? mailbox : "")
        let mail = hasMailbox ? "Then open the mailbox to see the welcome mail." : "The hub then sends a welcome mail."
        return """

            </tbody>
            </table>
            <h2>Pages</h2>
            <table class="even">
            <thead><tr><th scope="col">Page</th><th scope="col">What it shows</th></tr></thead>
            <tbody>\(pages)
            <tr><td><a href="/health/ready">/health/ready</a></td><td>Whether the gateway is ready; every service has this page and <code>/metrics</code> on a port for operators</td></tr>
            </tbody>
            </table>
            <h2>Try it</h2>
            <pre>curl -sS -X POST "$HUB/auth/register" \\
              -H 'content-type: application/json' -d '{
              "email": "ada@example.com", "password": "a long enough secret",
              "firstName": "Ada", "lastName": "Lovelace"}'</pre>
            <p>Set <code>HUB</code> to the address of this page first. \(mail)</p>
            <p>On the command line, <code>learning-hub demo</code> runs the whole flow and
            <code>learning-hub trace ID</code> shows the journey of a request by its correlation id.</p>
            """
    }
}
