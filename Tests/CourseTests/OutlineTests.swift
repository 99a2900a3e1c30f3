import Contracts
import HTTP
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Course

@Suite struct OutlineTests {
    @Test func `sections and lessons of every kind come in the order they were added`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            let first = try await courses.section("One", in: id, by: ada)
            let second = try await courses.section("Two", in: id, by: ada)
            let kinds = ["ARTICLE", "VIDEO", "QUIZ", "ASSIGNMENT", "FILE"]
            for kind in kinds { _ = try await courses.lesson(kind, in: second, of: id, kind: kind, by: ada) }
            let added = try await courses.send(
                .post, "/courses/\(id)/lessons", as: .instructor(ada),
                json: #"{"sectionId": "\#(first)", "title": "A", "kind": "VIDEO", "freePreview": true}"#)
            #expect(added.status == 201 && added.object["position"] as? Int == 1)
            #expect(added.object["required"] as? Bool == true && added.object["freePreview"] as? Bool == true)
            #expect(try await courses.sectionTitles(of: id, as: ada) == ["One", "Two"])
            #expect(try await courses.outline(of: id, as: ada) == ["One": ["A"], "Two": kinds])
        }
    }

    @Test func `each change of the outline increases the version and publishes an event`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            let section = try await courses.section(in: id, by: ada)
            let lesson = try await courses.lesson(in: section, of: id, by: ada)
            let target = "/courses/\(id)/lessons/\(lesson)"
            _ = try await courses.send(.patch, target, as: .instructor(ada), json: #"{"freePreview": true}"#)
            _ = try await courses.send(.patch, target, as: .instructor(ada), json: #"{"freePreview": true}"#)
            _ = try await courses.send(.delete, target, as: .instructor(ada))
            _ = try await courses.send(.delete, "/courses/\(id)/sections/\(section)", as: .instructor(ada))
            let told = try await courses.published(CourseUpdated.self).map(\.data)
            #expect(told.map(\.changedFields) == [["sections"], ["lessons"], ["lessons"], ["lessons"], ["sections"]])
            #expect(told.map(\.contentVersion) == [2, 3, 4, 5, 6])
            #expect(
                try await courses.send(.get, "/courses/\(id)", as: .instructor(ada)).fields["etag"] == "\"6\"")
        }
    }

    @Test func `sections and lessons move, also from one section to another`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            let one = try await courses.section("One", in: id, by: ada)
            let two = try await courses.section("Two", in: id, by: ada)
            var lessons: [String: LessonID] = [:]
            for title in ["A", "B", "C"] {
                lessons[title] = try await courses.lesson(title, in: one, of: id, by: ada)
            }
            func move(_ target: String, _ body: String) async throws -> TestAnswer {
                try await courses.send(.patch, "/courses/\(id)/\(target)", as: .instructor(ada), json: body)
            }
            let a = try #require(lessons["A"]), b = try #require(lessons["B"])
            #expect(try await move("lessons/\(a)", #"{"position": 3}"#).object["position"] as? Int == 3)
            #expect(try await courses.outline(of: id, as: ada) == ["One": ["B", "C", "A"], "Two": []])
            let moved = try await move("lessons/\(b)", #"{"sectionId": "\#(two)", "title": "B2"}"#)
            #expect(moved["sectionId"] == two.rawValue && moved["title"] == "B2")
            _ = try await move("lessons/\(a)", #"{"sectionId": "\#(two)", "position": 1}"#)
            #expect(try await courses.outline(of: id, as: ada) == ["One": ["C"], "Two": ["A", "B2"]])
            #expect(try await move("sections/\(two)", #"{"position": 1}"#).object["position"] as? Int == 1)
            #expect(try await courses.sectionTitles(of: id, as: ada) == ["Two", "One"])
            #expect(try await move("sections/\(two)", #"{"position": 200, "title": "Zwei"}"#).status == 200)
            #expect(try await courses.sectionTitles(of: id, as: ada) == ["One", "Zwei"])
        }
    }

    @Test func `only an empty section can be removed`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            let section = try await courses.section(in: id, by: ada)
            let lesson = try await courses.lesson(in: section, of: id, by: ada)
            let refused = try await courses.send(
                .delete, "/courses/\(id)/sections/\(section)", as: .instructor(ada))
            #expect(refused.status == 409 && refused.code == "section-not-empty")
            let gone = try await courses.send(.delete, "/courses/\(id)/lessons/\(lesson)", as: .instructor(ada))
            #expect(gone.status == 204)
            #expect(
                try await courses.send(.delete, "/courses/\(id)/sections/\(section)", as: .instructor(ada)).status
                    == 204)
            let again = try await courses.send(.delete, "/courses/\(id)/lessons/\(lesson)", as: .instructor(ada))
            #expect(again.status == 404)
        }
    }

    @Test func `sections and lessons of another course are 404`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada), other = try await courses.draft(by: ada)
            let section = try await courses.section(in: other, by: ada)
            let lesson = try await courses.lesson(in: section, of: other, by: ada)
            let missing = [
                try await courses.send(
                    .patch, "/courses/\(id)/sections/\(section)", as: .instructor(ada), json: #"{"title": "A"}"#),
                try await courses.send(
                    .patch, "/courses/\(id)/lessons/\(lesson)", as: .instructor(ada), json: #"{"title": "A"}"#),
                try await courses.send(.delete, "/courses/\(id)/lessons/\(lesson)", as: .instructor(ada)),
                try await courses.send(.delete, "/courses/\(id)/sections/nonsense", as: .instructor(ada)),
            ]
            #expect(missing.map(\.status) == [404, 404, 404, 404])
            let refused = try await courses.send(
                .post, "/courses/\(id)/lessons", as: .instructor(ada),
                json: #"{"sectionId": "\#(section)", "title": "A", "kind": "VIDEO"}"#)
            #expect(refused.status == 422 && refused.complaints == ["sectionId"])
        }
    }

    @Test func `the same request with the same key adds one section and one lesson`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            func twice(_ target: String, _ body: String) async throws -> [String?] {
                var ids: [String?] = []
                for _ in 0..<2 {
                    let answer = try await courses.send(
                        .post, "/courses/\(id)/\(target)", as: .instructor(ada), json: body,
                        fields: ["idempotency-key": target])
                    #expect(answer.status == 201)
                    ids.append(answer["id"])
                }
                return ids
            }
            let sections = try await twice("sections", #"{"title": "One"}"#)
            #expect(sections[0] == sections[1])
            let lessons = try await twice(
                "lessons", #"{"sectionId": "\#(sections[0] ?? "")", "title": "A", "kind": "QUIZ"}"#)
            #expect(lessons[0] == lessons[1])
            #expect(try await courses.outline(of: id, as: ada) == ["One": ["A"]])
        }
    }

    @Test(arguments: [
        (#"{"title": "A", "kind": "VIDEO"}"#, ["sectionId"]), (#"{"sectionId": "sct_1", "kind": "VIDEO"}"#, ["title"]),
        (#"{"sectionId": "sct_1", "title": "A", "kind": "SONG"}"#, ["kind"]),
        (#"{"sectionId": "crs_1", "title": "A", "kind": "VIDEO", "required": "yes"}"#, ["required", "sectionId"]),
        (#"{"sectionId": "sct_1", "title": "A", "kind": "VIDEO", "position": 1}"#, ["position"]),
    ])
    func `an invalid lesson is refused`(body: String, complaints: [String]) async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            let answer = try await courses.send(.post, "/courses/\(id)/lessons", as: .instructor(ada), json: body)
            #expect(answer.status == 422 && answer.complaints == complaints)
        }
    }

    @Test func `concurrently added parts are all stored, at different positions`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            let section = try await courses.section(in: id, by: ada)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<12 {
                    group.addTask { _ = try await courses.lesson("\(number)", in: section, of: id, by: ada) }
                }
                try await group.waitForAll()
            }
            #expect(try await courses.outline(of: id, as: ada)["Beginnings"]?.count == 12)
            #expect(try await courses.count("select count(distinct position) from lesson") == 12)
            #expect(try await courses.count("select version from course") == 14)
        }
    }
}

@Suite struct OutlineLimitTests {
    @Test func `the size of an outline is limited`() throws {
        var outline = Outline()
        for _ in 0..<Outline.sectionCountMax {
            try outline.append(Section(id: .make(at: Courses.time), title: "A"))
        }
        #expect(throws: CourseError.outlineFull(countMax: Outline.sectionCountMax)) {
            try outline.append(Section(id: .make(at: Courses.time), title: "A"))
        }
        outline.sections[1].lessons = (0..<Outline.lessonCountMax).map { _ in
            Lesson(id: .make(at: Courses.time), title: "A", kind: .file, isRequired: true, isFreePreview: false)
        }
        let more = Lesson(
            id: .make(at: Courses.time), title: "A", kind: .file, isRequired: true, isFreePreview: false)
        #expect(throws: CourseError.outlineFull(countMax: Outline.lessonCountMax)) {
            try outline.append(more, to: outline.sections[0].id)
        }
    }
}
