import Contracts
import HTTP
import HubTesting
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Course

typealias Courses = TestService<CourseService>

extension TestService<CourseService> {
    static let time = TestClock().now

    /// The offer with other or further fields, as the JSON of a body.
    static func offer(_ changes: [String: String] = [:], without missing: String? = nil) -> String {
        var fields = [
            "title": #""Number theory""#, "description": #""Primes and what they do.""#,
            "category": #""Mathematics""#, "level": #""BEGINNER""#, "language": #""en""#, "price": #""49.99""#,
            "currency": #""EUR""#,
        ].merging(changes) { $1 }
        if let missing { fields[missing] = nil }
        return "{\(fields.map { "\"\($0)\": \($1)" }.sorted().joined(separator: ", "))}"
    }

    /// A drafted course.
    func draft(_ changes: [String: String] = [:], by instructor: UserID) async throws -> CourseID {
        let answer = try await send(.post, "/courses", as: .instructor(instructor), json: Self.offer(changes))
        try #require(answer.status == 201, "\(answer.text)")
        return try CourseID(validating: answer["id"] ?? "")
    }

    func section(_ title: String = "Beginnings", in course: CourseID, by instructor: UserID) async throws -> SectionID {
        let answer = try await send(
            .post, "/courses/\(course)/sections", as: .instructor(instructor), json: #"{"title": "\#(title)"}"#)
        try #require(answer.status == 201, "\(answer.text)")
        return try SectionID(validating: answer["id"] ?? "")
    }

    func lesson(
        _ title: String = "Euclid", in section: SectionID, of course: CourseID, kind: String = "ARTICLE",
        more: String = "", by instructor: UserID
    ) async throws -> LessonID {
        let answer = try await send(
            .post, "/courses/\(course)/lessons", as: .instructor(instructor),
            json: #"{"sectionId": "\#(section)", "title": "\#(title)", "kind": "\#(kind)"\#(more)}"#)
        try #require(answer.status == 201, "\(answer.text)")
        return try LessonID(validating: answer["id"] ?? "")
    }

    /// A published course of one lesson.
    func publish(_ changes: [String: String] = [:], by instructor: UserID) async throws -> CourseID {
        let course = try await draft(changes, by: instructor)
        _ = try await lesson(in: try await section(in: course, by: instructor), of: course, by: instructor)
        let answer = try await send(.post, "/courses/\(course)/publish", as: .instructor(instructor))
        try #require(answer.status == 200, "\(answer.text)")
        return course
    }

    /// The titles of the lessons of each section, in order.
    func outline(of course: CourseID, as instructor: UserID) async throws -> [String: [String]] {
        let answer = try await send(.get, "/courses/\(course)", as: .instructor(instructor))
        let sections = answer.object["sections"] as? [[String: Any]] ?? []
        return sections.reduce(into: [:]) { titles, section in
            let lessons = section["lessons"] as? [[String: Any]] ?? []
            titles[section["title"] as? String ?? ""] = lessons.compactMap { $0["title"] as? String }
        }
    }

    func sectionTitles(of course: CourseID, as instructor: UserID) async throws -> [String] {
        let answer = try await send(.get, "/courses/\(course)", as: .instructor(instructor))
        return (answer.object["sections"] as? [[String: Any]] ?? []).compactMap { $0["title"] as? String }
    }
}

extension Identity {
    static func instructor(_ id: UserID) -> Identity { .user(id, role: .instructor, session: "ses_1") }
    static func student(_ id: UserID) -> Identity { .user(id, role: .student, session: "ses_1") }
    static func administrator(_ id: UserID = .new) -> Identity { .user(id, role: .admin, session: "ses_1") }
}

extension UserID {
    static var new: UserID { .make(at: Courses.time) }
}
