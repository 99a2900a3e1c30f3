import Contracts
import HTTP
import HubTesting
import Platform
import ServiceTesting
import Testing

@testable import Course

@Suite struct PublishingTests {
    @Test func `a course with a lesson is published, once`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.publish(by: ada)
            courses.clock.advance(by: 60)
            let again = try await courses.send(.post, "/courses/\(id)/publish", as: .instructor(ada))
            #expect(again.status == 200 && again["status"] == "PUBLISHED")
            #expect(again["publishedAt"] == "2027-01-15T08:00:00.000Z")
            let told = try await courses.published(CoursePublished.self).map(\.data)
            #expect(told.map(\.courseID) == [id] && told.map(\.lessonCount) == [1])
            #expect(told.first?.instructorID == ada && told.first?.price == Money("49.99", .eur))
            // Services that store course data receive the status with course.updated.
            #expect(try await courses.published(CourseUpdated.self).last?.data.changedFields == ["status"])
        }
    }

    @Test func `all missing items are listed at once`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(["description": #""""#], by: ada)
            let refused = try await courses.send(.post, "/courses/\(id)/publish", as: .instructor(ada))
            #expect(refused.status == 422 && refused.code == "publish-checklist")
            #expect(refused.complaints == ["description", "lessons"])
            let draft = try await courses.send(.get, "/courses/\(id)", as: .instructor(ada))
            #expect(draft["status"] == "DRAFT" && draft["publishedAt"] == nil)
            #expect(try await courses.published(CoursePublished.self).isEmpty)
        }
    }

    @Test func `a published course keeps its required parts`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            let section = try await courses.section(in: id, by: ada)
            let lesson = try await courses.lesson(in: section, of: id, by: ada)
            _ = try await courses.send(.post, "/courses/\(id)/publish", as: .instructor(ada))
            let refusals = [
                try await courses.send(.delete, "/courses/\(id)/lessons/\(lesson)", as: .instructor(ada)),
                try await courses.send(
                    .patch, "/courses/\(id)", as: .instructor(ada), json: #"{"description": " "}"#),
            ]
            #expect(refusals.map(\.code) == ["publish-checklist", "publish-checklist"])
            #expect(try await courses.outline(of: id, as: ada) == ["Beginnings": ["Euclid"]])
        }
    }

    @Test func `an archived course leaves the catalogue, stays readable and cannot be changed`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.publish(by: ada)
            let archived = try await courses.send(.post, "/courses/\(id)/archive", as: .instructor(ada))
            #expect(archived.status == 200 && archived["status"] == "ARCHIVED")
            #expect(try await courses.send(.post, "/courses/\(id)/archive", as: .instructor(ada)).status == 200)
            #expect(try await courses.send(.get, "/courses").items.isEmpty)
            #expect(try await courses.send(.get, "/courses/\(id)")["status"] == "ARCHIVED")
            let refusals = [
                try await courses.send(.post, "/courses/\(id)/publish", as: .instructor(ada)),
                try await courses.send(.patch, "/courses/\(id)", as: .administrator(), json: #"{"title": "A"}"#),
                try await courses.send(
                    .post, "/courses/\(id)/sections", as: .instructor(ada), json: #"{"title": "A"}"#),
            ]
            #expect(refusals.map(\.status) == [409, 409, 409])
            #expect(refusals.map(\.code) == Array(repeating: "course-archived", count: 3))
            #expect(try await courses.published(CourseUpdated.self).count == 4)
        }
    }

    @Test func `only its instructor and administrators see a draft`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            let mine = try await courses.send(.get, "/courses/\(id)", as: .instructor(ada))
            #expect(mine.status == 200 && mine.fields["etag"] == "\"1\"")
            #expect(try await courses.send(.get, "/courses/\(id)", as: .administrator()).status == 200)
            for other in [Identity.instructor(.new), .student(.new), .anonymous] {
                let answer = try await courses.send(.get, "/courses/\(id)", as: other)
                #expect(answer.status == 404 && answer.code == "not-found")
            }
            // An archived draft is not public either.
            _ = try await courses.send(.post, "/courses/\(id)/archive", as: .instructor(ada))
            #expect(try await courses.send(.get, "/courses/\(id)").status == 404)
        }
    }

    @Test func `concurrent publish calls create one event`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            _ = try await courses.lesson(in: try await courses.section(in: id, by: ada), of: id, by: ada)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let answer = try await courses.send(.post, "/courses/\(id)/publish", as: .instructor(ada))
                        #expect(answer.status == 200)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await courses.published(CoursePublished.self).count == 1)
        }
    }
}
