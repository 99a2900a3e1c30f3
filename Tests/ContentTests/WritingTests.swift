import Contracts
import EventLoop
import HTTP
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Content

@Suite struct WritingTests {
    @Test func `each new text creates a revision, an unchanged one does not`() async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new)
            let empty = try await world.read(lesson, as: .instructor(lesson.instructorID))
            #expect(empty.status == 200 && empty["html"] == "" && empty["markdown"] == "")
            #expect(empty.fields["etag"] == "\"0\"" && empty["updatedAt"] == nil)
            for (text, tag) in [("A", "\"1\""), ("B", "\"2\""), ("B", "\"2\""), ("", "\"3\""), ("A", "\"4\"")] {
                #expect(try await world.write(text, to: lesson).fields["etag"] == tag)
            }
            let page = try await world.read(lesson, as: .instructor(lesson.instructorID))
            #expect(page["html"] == "<p>A</p>\n" && page.object["revision"] as? Int == 4)
            #expect(page["updatedAt"] == "2027-01-15T08:00:00.000Z")
            #expect(try await world.content.count("select count(*) from revision") == 4)
        }
    }

    @Test func `of two concurrent writes of one revision, one is refused`() async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new)
            _ = try await world.write("A", to: lesson, fields: ["if-match": "\"0\""])
            let late = try await world.write("B", to: lesson, fields: ["if-match": "\"0\""])
            #expect(late.status == 412 && late.code == "changed-meanwhile")
            let page = try await world.read(lesson, as: .instructor(lesson.instructorID))
            #expect(page["markdown"] == "A")
        }
    }

    @Test func `concurrently written texts are all stored as revisions`() async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<10 {
                    group.addTask {
                        let answer = try await world.write("\(number)", to: lesson)
                        #expect(answer.status == 200)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await world.content.count("select count(distinct markdown) from revision") == 10)
        }
    }

    @Test func `the oldest revisions are deleted`() async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new)
            for number in 1...Revision.keptCountMax + 2 { _ = try await world.write("\(number)", to: lesson) }
            #expect(try await world.content.count("select count(*) from revision") == Revision.keptCountMax)
            #expect(try await world.content.count("select min(number) from revision") == 3)
        }
    }

    @Test func `people who may write a lesson can read its revisions`() async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new)
            for text in ["A", "B"] { _ = try await world.write(text, to: lesson) }
            func get(_ target: String, as identity: Identity) async throws -> TestAnswer {
                try await world.content.send(.get, "/lessons/\(lesson.id)/content/revisions\(target)", as: identity)
            }
            let teacher = Identity.instructor(lesson.instructorID)
            let list = try await get("", as: teacher)
            #expect(list.items.compactMap { $0["revision"] as? Int } == [2, 1])
            #expect(list.items.first?["writtenAt"] as? String == "2027-01-15T08:00:00.000Z")
            #expect(try await get("/1", as: teacher)["markdown"] == "A")
            var statuses: [Int] = []
            for target in ["/0", "/3", "/x"] { statuses.append(try await get(target, as: teacher).status) }
            for identity in [Identity.instructor(.new), .student(lesson.instructorID), .anonymous] {
                statuses.append(try await get("", as: identity).status)
                statuses.append(try await get("/1", as: identity).status)
            }
            #expect(statuses == [404, 404, 404, 403, 403, 403, 403, 401, 401])
        }
    }

    @Test func `only its instructor and administrators write a lesson`() async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new)
            let draft = try await world.lesson(by: .new, isPublished: false)
            let answers = [
                try await world.write("A", to: lesson, as: .instructor(.new)),
                try await world.write("A", to: lesson, as: .student(lesson.instructorID)),
                try await world.write("A", to: lesson, as: .anonymous),
                try await world.write("A", to: draft, as: .instructor(.new)),
                try await world.write("A", to: draft, as: .administrator()),
            ]
            #expect(answers.map(\.status) == [403, 403, 401, 404, 200])
            #expect(try await world.read(lesson, as: .administrator())["markdown"] == "")
        }
    }

    @Test func `a preview shows the HTML for readers, without the author's HTML`() async throws {
        try await ContentWorld.with { world in
            let shown = try await world.content.send(
                .post, "/content/preview", as: .instructor(.new),
                json: ##"{"markdown": "# A\n\n<script>x</script>[b](javascript:x)"}"##)
            let html = try #require(shown["html"])
            #expect(shown.status == 200 && html.contains("<h1>A</h1>"))
            #expect(!html.contains("<script") && !html.contains("javascript:"))
            let refused = try await world.content.send(
                .post, "/content/preview", as: .student(.new), json: #"{"markdown": "A"}"#)
            #expect(refused.status == 403)
        }
    }

    @Test func `a text is rendered although the threads for files have no room`() async throws {
        let files = try BlockingPool(name: "files", threadCount: 1, queueCountMax: 1)
        // It refuses all work from here on.
        files.shutdown()
        try await TestService<ContentService>.with(making: { context in
            try ContentService(
                ServiceContext(
                    name: context.name, settings: context.settings, loops: context.loops, blockingPool: files,
                    database: context.database, outbox: context.outbox, http: context.http,
                    services: context.services, seal: context.seal, objects: context.objects, logger: context.logger,
                    metrics: context.metrics, cache: context.cache, clock: context.clock, uptime: context.uptime))
        }) { content in
            let shown = try await content.send(
                .post, "/content/preview", as: .instructor(.new), json: #"{"markdown": "A"}"#)
            #expect(shown["html"] == "<p>A</p>\n")
        }
    }

    @Test func `an invalid document is refused and not stored`() async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new)
            let long = String(repeating: "a", count: 128 * 1024 + 1)
            let deep = String(repeating: "> ", count: 200) + "a"
            for text in [long, deep] {
                let answer = try await world.write(text, to: lesson)
                #expect(answer.status == 422 && answer.code == "invalid-body" && answer.complaints == ["markdown"])
            }
            let wrong = try await world.content.send(
                .put, "/lessons/\(lesson.id)/content", as: .instructor(lesson.instructorID), json: #"{"html": "A"}"#)
            #expect(wrong.complaints == ["html", "markdown"])
            #expect(try await world.content.count("select count(*) from revision") == 0)
        }
    }
}
