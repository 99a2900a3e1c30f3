internal import HTTP
internal import Testing

/// A hub with an instructor and a learner.
public struct School: Sendable {
    public let hub: HubUnderTest
    /// Access tokens.
    public let teacher, learner: String
    public var client: HubClient { hub.client }

    public static func open(_ environment: [String: String] = [:]) async throws -> School {
        let root = "root@example.org", teacher = "teacher@example.org", learner = "learner@example.org"
        let standard = ["HUB_ADMIN_EMAIL": root, "HUB_ADMIN_PASSWORD": HubClient.password]
        let hub = try await HubUnderTest.inOneProcess(environment.merging(standard) { $1 })
        _ = try await hub.client.register(learner)
        let account = try await hub.client.register(teacher).json(HubClient.Account.self)
        let changed = try await hub.client.send(
            .put, "/users/\(account.id)/role", token: try await hub.client.logIn(root), json: ["role": "INSTRUCTOR"])
        try #require(changed.status == 200, "\(changed.text)")
        return School(
            hub: hub, teacher: try await hub.client.logIn(teacher), learner: try await hub.client.logIn(learner))
    }
}
