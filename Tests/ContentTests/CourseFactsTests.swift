import Contracts
import HTTP
import HubTesting
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Content

@Suite struct CourseFactsTests {
    private func edit(_ lesson: TaughtLesson, _ world: ContentWorld, _ body: String) async throws {
        let answer = try await world.courses.send(
            .patch, "/courses/\(lesson.courseID)/lessons/\(lesson.id)", as: .instructor(lesson.instructorID), json: body
        )
        try #require(answer.status == 200)
    }

    @Test func `an answer of course is current for a minute, unless the course changes`() async throws {
        try await ContentWorld.with { world in
            let bob = Identity.student(.new), lesson = try await world.lesson(by: .new)
            #expect(try await world.read(lesson, as: bob).status == 403)
            try await edit(lesson, world, #"{"freePreview": true}"#)
            #expect(try await world.read(lesson, as: bob).status == 403)
            try await world.tellChanges()
            #expect(try await world.read(lesson, as: bob).status == 200)
            // Without the word of it, a minute later.
            try await edit(lesson, world, #"{"freePreview": false}"#)
            #expect(try await world.read(lesson, as: bob).status == 200)
            world.clock.advance(by: 61)
            #expect(try await world.read(lesson, as: bob).status == 403)
        }
    }

    @Test func `an event of an older version, repeated or late, changes nothing`() async throws {
        try await ContentWorld.with { world in
            let bob = Identity.student(.new), lesson = try await world.lesson(by: .new, isPreview: true)
            _ = try await world.read(lesson, as: bob)
            let changes = try await world.courses.published(CourseUpdated.self).map(\.data)
            #expect(try await world.content.deliver(together: changes.reversed() + changes) == 2 * changes.count)
            await world.stopCourse()
            // It is still current, so no request is made.
            #expect(try await world.read(lesson, as: bob).status == 200)
            #expect(world.content.log.lines.allSatisfy { $0.contains("request answered") })
            #expect(try await world.content.count("select count(*) from course") == 1)
        }
    }

    @Test func `a change event removes only the pages of its course from the cache`() async throws {
        try await ContentWorld.with { world in
            let changed = try await world.lesson(by: .new), other = try await world.lesson(by: .new)
            for lesson in [changed, other] {
                _ = try await world.write("A", to: lesson)
                _ = try await world.read(lesson, as: .instructor(lesson.instructorID))
            }
            /// A value that is not cached would have to be computed, which fails.
            func isKept(_ lesson: TaughtLesson) async -> Bool {
                let page = try? await world.content.service.operations.cache.value(
                    Operations.pageKey(lesson.id, 1), of: lesson.courseID.rawValue, for: .seconds(60)
                ) { throw CancellationError() }
                return page == Array("<p>A</p>\n".utf8)
            }
            let (changedBefore, otherBefore) = (await isKept(changed), await isKept(other))
            #expect(changedBefore && otherBefore)
            let changes = try await world.courses.published(CourseUpdated.self).map(\.data)
            let change = try #require(changes.first { $0.courseID == changed.courseID })
            try await world.content.deliver(change)
            let (changedAfter, otherAfter) = (await isKept(changed), await isKept(other))
            #expect(!changedAfter && otherAfter)
            #expect(try await world.read(changed, as: .instructor(changed.instructorID))["html"] == "<p>A</p>\n")
        }
    }

    @Test func `while course is down its last answers are used, and unknown lessons are unavailable`() async throws {
        try await ContentWorld.with { world in
            let bob = Identity.student(.new), lesson = try await world.lesson(by: .new, isPreview: true)
            let other = try await world.lesson(by: .new, isPreview: true)
            #expect(try await world.read(lesson, as: bob).status == 200)
            await world.stopCourse()
            world.clock.advance(by: 3_600)
            try await world.tellChanges()
            #expect(try await world.read(lesson, as: bob).status == 200)
            let unknown = try await world.read(other, as: bob)
            #expect(unknown.status == 503 && unknown.code == "unavailable")
        }
    }

    @Test func `a removed lesson is 404`() async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new, isPublished: false)
            _ = try await world.write("A", to: lesson)
            let answer = try await world.courses.send(
                .delete, "/courses/\(lesson.courseID)/lessons/\(lesson.id)", as: .instructor(lesson.instructorID))
            #expect(answer.status == 204)
            try await world.tellChanges()
            #expect(try await world.read(lesson, as: .instructor(lesson.instructorID)).status == 404)
            await world.stopCourse()
            #expect(try await world.read(lesson, as: .instructor(lesson.instructorID)).status == 503)
        }
    }

    @Test func `an answer in transit during a change is not taken as current`() async throws {
        try await ContentWorld.with { world in
            let bob = Identity.student(.new), lesson = try await world.lesson(by: .new)
            _ = try await world.read(lesson, as: bob)
            try await edit(lesson, world, #"{"freePreview": true}"#)
            try await world.tellChanges()
            // As if the earlier response had arrived only now.
            try await world.content.database.execute("update lesson set told_at = told_at + interval '1 second'")
            #expect(try await world.read(lesson, as: bob).status == 200)
        }
    }
}
