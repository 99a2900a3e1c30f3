import Contracts
import HTTP
import Platform
import ServiceTesting
import Testing

@testable import Course

/// The routes for other services.
@Suite struct ServiceRoutesTests {
    @Test func `services read a course with its lessons in order, drafts too`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            let section = try await courses.section(in: id, by: ada)
            let quiz = try await courses.lesson("Quiz", in: section, of: id, kind: "QUIZ", by: ada)
            let extra = try await courses.lesson(
                "Extra", in: section, of: id, more: #", "required": false, "freePreview": true"#, by: ada)
            let answer = try await courses.send(.get, "/internal/courses/\(id)", as: .service(.enrollment))
            #expect(answer.status == 200)
            #expect(
                [answer["id"], answer["instructorId"], answer["title"]] == [id.rawValue, ada.rawValue, "Number theory"])
            #expect([answer["status"], answer["price"], answer["currency"]] == ["DRAFT", "49.99", "EUR"])
            #expect(answer.object["version"] as? Int == 4)
            let lessons = try #require(answer.object["lessons"] as? [[String: Any]])
            #expect(lessons.compactMap { $0["id"] as? String } == [quiz.rawValue, extra.rawValue])
            #expect(lessons.compactMap { $0["kind"] as? String } == ["QUIZ", "ARTICLE"])
            #expect(lessons.compactMap { $0["required"] as? Bool } == [true, false])
            #expect(lessons.compactMap { $0["freePreview"] as? Bool } == [false, true])
            #expect(lessons.allSatisfy { $0["sectionId"] as? String == section.rawValue })
        }
    }

    @Test func `services read the owner of a lesson`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            let lesson = try await courses.lesson(
                in: try await courses.section(in: id, by: ada), of: id, kind: "VIDEO", by: ada)
            let answer = try await courses.send(.get, "/internal/lessons/\(lesson)", as: .service(.content))
            #expect([answer["id"], answer["courseId"]] == [lesson.rawValue, id.rawValue])
            #expect([answer["instructorId"], answer["kind"]] == [ada.rawValue, "VIDEO"])
            #expect(answer["courseStatus"] == "DRAFT" && answer.object["freePreview"] as? Bool == false)
            #expect(answer.object["isPublic"] as? Bool == false)
            #expect(answer.object["courseVersion"] as? Int == 3)
        }
    }

    @Test func `a missing course is 404 for services, and only services may read it`() async throws {
        try await Courses.with { courses in
            let course = CourseID.make(at: Courses.time), lesson = LessonID.make(at: Courses.time)
            for target in ["/internal/courses/\(course)", "/internal/lessons/\(lesson)"] {
                var answers: [TestAnswer] = []
                for identity in [Identity.service(.content), .administrator(), nil] {
                    answers.append(try await courses.send(.get, target, as: identity))
                }
                #expect(answers.map(\.status) == [404, 403, 401])
            }
        }
    }
}
