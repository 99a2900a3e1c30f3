import Contracts
import HTTP
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Content

@Suite struct AccessTests {
    @Test func `an enrolled learner reads a lesson without its Markdown`() async throws {
        try await ContentWorld.with { world in
            let bob = UserID.new, lesson = try await world.lesson(by: .new)
            #expect(try await world.write("**Bold**", to: lesson).status == 200)
            let refused = try await world.read(lesson, as: .student(bob))
            #expect(refused.status == 403 && refused.code == "no-access")
            try await world.content.deliver(lesson.enrolled(bob))
            let page = try await world.read(lesson, as: .student(bob))
            #expect(page.status == 200 && page["html"] == "<p><strong>Bold</strong></p>\n")
            #expect(page["markdown"] == nil && page.fields["etag"] == "\"1\"")
            #expect(try await world.read(lesson, as: .anonymous).status == 401)
            #expect(try await world.read(try await world.lesson(by: .new), as: .student(bob)).status == 403)
        }
    }

    @Test func `instructor and administrators also get the Markdown`() async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new, isPublished: false)
            _ = try await world.write("*A*", to: lesson)
            for identity in [Identity.instructor(lesson.instructorID), .administrator()] {
                let page = try await world.read(lesson, as: identity)
                #expect(page["html"] == "<p><em>A</em></p>\n" && page["markdown"] == "*A*")
            }
            // Another instructor's draft is 404, like a missing course.
            let hidden = try await world.read(lesson, as: .instructor(.new))
            let missing = try await world.content.send(
                .get, "/lessons/\(LessonID.make(at: ContentWorld.time))/content", as: .instructor(.new))
            #expect(hidden.status == 404 && hidden.body == missing.body)
        }
    }

    @Test func `the owner of a course who is no longer an instructor reads it like others`() async throws {
        try await ContentWorld.with { world in
            let draft = try await world.lesson(by: .new, isPublished: false), course = try await world.lesson(by: .new)
            #expect(try await world.read(draft, as: .student(draft.instructorID)).status == 404)
            #expect(try await world.read(course, as: .student(course.instructorID)).code == "no-access")
            try await world.content.deliver(course.enrolled(course.instructorID))
            let page = try await world.read(course, as: .student(course.instructorID))
            #expect(page.status == 200 && page["markdown"] == nil)
        }
    }

    @Test func `an archived draft stays hidden from others`() async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new, isPublished: false)
            let archived = try await world.courses.send(
                .post, "/courses/\(lesson.courseID)/archive", as: .instructor(lesson.instructorID))
            try #require(archived.status == 200)
            #expect(try await world.read(lesson, as: .student(.new)).status == 404)
            #expect(try await world.write("A", to: lesson, as: .instructor(.new)).status == 404)
            #expect(try await world.read(lesson, as: .instructor(lesson.instructorID)).status == 200)
        }
    }

    @Test func `every logged-in user can read a free preview of a published course`() async throws {
        try await ContentWorld.with { world in
            let open = try await world.lesson(by: .new, isPreview: true)
            let draft = try await world.lesson(by: .new, isPublished: false, isPreview: true)
            #expect(try await world.read(open, as: .student(.new)).status == 200)
            #expect(try await world.read(open, as: .anonymous).status == 401)
            #expect(try await world.read(draft, as: .student(.new)).status == 404)
        }
    }

    @Test func `a revoked access ends, and another enrolment grants it again`() async throws {
        try await ContentWorld.with { world in
            let bob = UserID.new, lesson = try await world.lesson(by: .new)
            let first = lesson.enrolled(bob)
            try await world.content.deliver(first)
            #expect(try await world.revoke(first).status == 204)
            #expect(try await world.revoke(first).status == 204)
            #expect(try await world.read(lesson, as: .student(bob)).code == "no-access")
            try await world.content.deliver(lesson.enrolled(bob))
            #expect(try await world.read(lesson, as: .student(bob)).status == 200)
        }
    }

    @Test func `an access revoked before its grant is never granted`() async throws {
        try await ContentWorld.with { world in
            let bob = UserID.new, lesson = try await world.lesson(by: .new)
            let enrollment = lesson.enrolled(bob)
            #expect(try await world.revoke(enrollment).status == 204)
            try await world.content.deliver(enrollment)
            #expect(try await world.read(lesson, as: .student(bob)).code == "no-access")
        }
    }

    @Test func `a repeated grant is one, also in one batch`() async throws {
        try await ContentWorld.with { world in
            let bob = UserID.new, lesson = try await world.lesson(by: .new), id = EventID.make(at: ContentWorld.time)
            let enrollment = lesson.enrolled(bob)
            #expect(try await world.content.deliver(enrollment, id: id))
            #expect(try await !world.content.deliver(enrollment, id: id))
            #expect(try await world.content.deliver(together: [enrollment, enrollment]) == 2)
            #expect(try await world.content.count("select count(*) from access") == 1)
        }
    }

    @Test func `only enrollment and payment can revoke an access`() async throws {
        try await ContentWorld.with { world in
            let enrollment = try await world.lesson(by: .new).enrolled(.new)
            #expect(try await world.revoke(enrollment, as: .service(.payment)).status == 204)
            #expect(try await world.revoke(enrollment, as: .service(.course)).status == 403)
            #expect(try await world.revoke(enrollment, as: .administrator()).status == 403)
            let refused = try await world.content.send(
                .put, "/internal/access/\(enrollment.enrollmentID)", as: .service(.payment),
                json: #"{"state": "GRANTED", "userId": "me"}"#)
            #expect(refused.status == 422 && refused.complaints == ["courseId", "state", "userId"])
        }
    }

    @Test func `no data of an erased reader remain or return`() async throws {
        try await ContentWorld.with { world in
            let bob = UserID.new, eve = UserID.new, lesson = try await world.lesson(by: .new)
            let deletion = UserDeleted(userID: bob, deletedAt: ContentWorld.time)
            try await world.content.deliver(lesson.enrolled(eve))
            try await world.content.deliver(
                together: [lesson.enrolled(bob), deletion, lesson.enrolled(bob), deletion])
            try await world.content.deliver(lesson.enrolled(bob))
            _ = try await world.revoke(lesson.enrolled(bob))
            #expect(try await world.read(lesson, as: .student(bob)).code == "no-access")
            #expect(try await world.read(lesson, as: .student(eve)).status == 200)
            #expect(try await world.content.count("select count(*) from access") == 1)
        }
    }

    @Test func `an erasure during a grant leaves nothing`() async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new)
            for _ in 0..<20 {
                let bob = UserID.new
                async let grant = world.content.deliver(lesson.enrolled(bob))
                async let erasure = world.content.deliver(UserDeleted(userID: bob, deletedAt: ContentWorld.time))
                _ = try await (grant, erasure)
            }
            #expect(try await world.content.count("select count(*) from access") == 0)
        }
    }
}
