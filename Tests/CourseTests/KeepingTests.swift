import Contracts
import HTTP
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Course

/// The cache of public courses.
@Suite struct KeepingTests {
    @Test func `a course is not sent again to a client with the current version`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new, id = try await courses.publish(by: .new), draft = try await courses.draft(by: ada)
            func read(_ id: CourseID, _ known: String, as identity: Identity = .anonymous) async throws -> TestAnswer {
                try await courses.send(.get, "/courses/\(id)", as: identity, fields: ["if-none-match": known])
            }
            let tag = try #require(try await read(id, "\"1\"").fields["etag"])
            for known in [tag, "W/\(tag)", "\"0\", \(tag)", "*"] {
                let answer = try await read(id, known)
                #expect(answer.status == 304 && answer.body.isEmpty && answer.fields["etag"] == tag)
                #expect(answer.fields["cache-control"] == "private, no-cache" && answer.fields["content-type"] == nil)
            }
            let changed = try await courses.send(
                .patch, "/courses/\(id)", as: .administrator(), json: #"{"title": "Primes"}"#)
            #expect(changed.status == 200)
            #expect(try await read(id, tag)["title"] == "Primes")
            // A caller without access gets no information from a version in the request.
            #expect(try await read(draft, "*").status == 404)
            #expect(try await read(draft, "*", as: .instructor(ada)).status == 304)
            // Only for reads; a change gets a full response.
            let again = try await courses.send(
                .patch, "/courses/\(id)", as: .administrator(), json: "{}", fields: ["if-none-match": "*"])
            #expect(again.status == 200)
        }
    }

    @Test func `a course is cached, and its changes are visible at once`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.publish(by: ada)
            #expect(try await courses.title(of: id) == "Number theory")
            // Behind the service's back, so that it cannot know.
            try await courses.database.execute("update course set title = 'Behind'")
            #expect(try await courses.title(of: id) == "Number theory")

            let edit = #"{"title": "Primes"}"#
            _ = try await courses.send(.patch, "/courses/\(id)", as: .instructor(ada), json: edit)
            #expect(try await courses.title(of: id) == "Primes")
            _ = try await courses.section("Endings", in: id, by: ada)
            #expect(try await courses.sectionTitles(of: id, as: .new) == ["Beginnings", "Endings"])
            try await courses.deliver(UserDeleted(userID: ada, deletedAt: Courses.time))
            #expect(try await courses.send(.get, "/courses/\(id)")["status"] == "ARCHIVED")
        }
    }

    @Test func `a draft is not cached`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            for _ in 1...2 {
                #expect(try await courses.send(.get, "/courses/\(id)", as: .instructor(ada)).status == 200)
                #expect(try await courses.send(.get, "/courses/\(id)").status == 404)
                #expect(try await courses.send(.get, "/courses/\(id)", as: .instructor(.new)).status == 404)
            }
        }
    }
}

extension TestService<CourseService> {
    /// As an anonymous caller sees it.
    fileprivate func title(of course: CourseID) async throws -> String? {
        try await send(.get, "/courses/\(course)")["title"]
    }
}
