import Foundation
import HubTesting
import SystemTesting
import Testing

/// The whole API compared with its description: Schemathesis generates requests from it and checks every response.
@Suite struct APIConformanceTests {
    private typealias Caller = AuthorisationTable.Caller

    private static let checks = [
        "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
        "response_schema_conformance", "unsupported_method", "allow_header_conformance",
    ]
    /// Requests of each kind to each operation, as one caller.
    private static let examplesMax = 4
    /// Fields of bodies, and the matching kinds of ``PopulatedHub/ids``.
    private static let idsInBodies = [
        "courseId": "courses", "enrollmentId": "enrollments", "lessonId": "lessons", "quizId": "quizzes",
        "sectionId": "sectionId",
    ]
    /// Methods that are tried where they are not described, once each. Without TRACE, which is 501.
    private static let otherMethods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    /// Calls that would end the test accounts or delete the only medium, and endless responses.
    private static let leftOut = ["DELETE /users/me", "DELETE /media/{id}", "GET /events"]

    @Test func `every response matches the API description`() async throws {
        let world = try await PopulatedHub.make()
        let folder = try WorkFolder("conformance")
        for caller in [Caller.learner, .instructor, .administrator] {
            let settings = folder.file("\(caller).toml")
            try await Self.settings(for: caller, in: world).write(to: settings, atomically: true, encoding: .utf8)
            let run = try await TestPython.run(
                module: "schemathesis.cli",
                ["--config-file", settings.path, "run", "\(world.hub.address)/openapi.json"], in: folder.url)
            #expect(run.code == 0, "as \(caller): \(run.output)")
        }
        #expect(try await world.hub.stop() == [0])
        folder.finish()
    }

    /// - Returns: TOML. Most ids in paths are those of things that are there.
    private static func settings(for caller: Caller, in world: PopulatedHub) async throws -> String {
        var text = """
            color = false
            seed = 1
            warnings = false
            headers = { Authorization = "Bearer \(world.token(of: caller))" }
            continue-on-failure = true
            [cache]
            enabled = false
            [generation]
            deterministic = true
            max-examples = \(examplesMax)
            database = "none"
            [phases.stateful]
            enabled = false
            [phases.coverage]
            unexpected-methods = \(otherMethods)
            [checks]
            enabled = false
            \(checks.map { "\($0) = { enabled = true }" }.joined(separator: "\n"))

            """
        for (name, ids) in world.ids.sorted(by: { $0.key < $1.key }) {
            text += "[dictionaries.\(name)]\nvalues = \(ids.sorted())\n"
        }
        text += "[parameters]\n"
        for (field, ids) in idsInBodies.sorted(by: { $0.key < $1.key }) { text += place("body.\(field)", ids) }
        for (operation, roles) in try await world.operations().sorted(by: { $0.key < $1.key }) {
            text += "[[operations]]\ninclude-name = \"\(operation)\"\n"
            if leftOut.contains(operation) { text += "enabled = false\n" }
            if caller != coverer(of: roles) { text += "phases.coverage.enabled = false\n" }
            text += "[operations.parameters]\n"
            for place in world.places(in: operation) {
                text += self.place("path.\(place.name)", place.ids)
            }
        }
        return text
    }

    /// Who sends an operation all edge cases of its parameters: one caller that may use it.
    private static func coverer(of roles: Set<String>?) -> Caller {
        guard let roles, !roles.isEmpty else { return .learner }
        return roles.contains("ADMIN") ? .administrator : .instructor
    }

    private static func place(_ name: String, _ ids: String) -> String {
        #""\#(name)" = { dictionary = "\#(ids)", probability = 0.8 }\#n"#
    }
}
