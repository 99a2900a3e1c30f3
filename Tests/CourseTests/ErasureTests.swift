import Contracts
import HTTP
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Course

@Suite struct ErasureTests {
    private func deletion(of user: UserID) -> UserDeleted { UserDeleted(userID: user, deletedAt: Courses.time) }

    @Test func `the courses of an erased instructor are archived, and no others`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new, eve = UserID.new
            let open = try await courses.publish(by: ada), draft = try await courses.draft(by: ada)
            let other = try await courses.publish(by: eve)
            try await courses.deliver(deletion(of: ada))
            #expect(try await courses.send(.get, "/courses/\(open)")["status"] == "ARCHIVED")
            #expect(try await courses.send(.get, "/courses/\(draft)", as: .administrator())["status"] == "ARCHIVED")
            #expect(
                try await courses.send(.get, "/courses").items.compactMap { $0["id"] as? String } == [other.rawValue])
            let told = try await courses.published(CourseUpdated.self).map(\.data).suffix(2)
            #expect(Set(told.map(\.courseID)) == [open, draft] && told.allSatisfy { $0.changedFields == ["status"] })
        }
    }

    @Test func `an erasure that comes twice, or twice in one batch, acts once`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new, id = EventID.make(at: Courses.time)
            _ = try await courses.draft(by: ada)
            #expect(try await courses.deliver(deletion(of: ada), id: id))
            #expect(try await !courses.deliver(deletion(of: ada), id: id))
            #expect(try await courses.deliver(together: [deletion(of: ada), deletion(of: ada)]) == 2)
            #expect(try await courses.published(CourseUpdated.self).count == 1)
        }
    }

    @Test func `an erased instructor with a valid token cannot create or change courses`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            try await courses.deliver(deletion(of: ada))
            let made = try await courses.send(.post, "/courses", as: .instructor(ada), json: Courses.offer())
            #expect(made.status == 403 && made.code == "not-allowed")
            let edited = try await courses.send(
                .patch, "/courses/\(id)", as: .instructor(ada), json: #"{"title": "A"}"#)
            #expect(edited.code == "course-archived")
        }
    }

    @Test func `a course created during an erasure is archived`() async throws {
        try await Courses.with { courses in
            for _ in 0..<20 {
                let ada = UserID.new
                async let making = courses.send(.post, "/courses", as: .instructor(ada), json: Courses.offer())
                async let erasing = courses.deliver(deletion(of: ada))
                _ = try await (making, erasing)
            }
            #expect(try await courses.count("select count(*) from course where status <> 'ARCHIVED'") == 0)
        }
    }
}
