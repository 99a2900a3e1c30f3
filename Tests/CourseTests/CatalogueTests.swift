import Contracts
import HTTP
import Platform
import ServiceTesting
import Testing

@testable import Course

@Suite struct CatalogueTests {
    private func titles(_ courses: Courses, _ target: String) async throws -> [String] {
        let answer = try await courses.send(.get, target)
        #expect(answer.status == 200)
        return answer.items.compactMap { $0["title"] as? String }
    }

    @Test func `everyone finds published courses, newest first`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            for title in ["A", "B"] { _ = try await courses.publish(["title": "\"\(title)\""], by: ada) }
            _ = try await courses.draft(["title": #""C""#], by: ada)
            let answer = try await courses.send(.get, "/courses")
            #expect(answer.items.compactMap { $0["title"] as? String } == ["B", "A"])
            #expect(answer.items.first?["lessonCount"] as? Int == 1)
            #expect(answer.object["nextCursor"] is String == false)
        }
    }

    @Test func `words are found in title, category and description, with the highest weight for the title`()
        async throws
    {
        try await Courses.with { courses in
            let ada = UserID.new
            let offers = [
                ["title": #""Algebra""#, "description": #""Groups, rings and one prime.""#],
                ["title": #""Prime numbers""#, "description": #""All of them.""#],
                ["title": #""Baking bread""#, "description": #""Flour.""#, "category": #""Cooking""#],
                ["title": #""Brotbacken für Anfänger""#, "description": #""Mehl.""#, "category": #""Kochen""#],
            ]
            for offer in offers { _ = try await courses.publish(offer, by: ada) }
            #expect(try await titles(courses, "/courses?query=prime") == ["Prime numbers", "Algebra"])
            // By the stem in English, by the word in any language.
            #expect(try await titles(courses, "/courses?query=number") == ["Prime numbers"])
            #expect(try await titles(courses, "/courses?query=baked+breads") == ["Baking bread"])
            #expect(try await titles(courses, "/courses?query=anf%C3%A4nger") == ["Brotbacken für Anfänger"])
            #expect(try await titles(courses, "/courses?query=prime+-algebra") == ["Prime numbers"])
            #expect(try await titles(courses, "/courses?query=cooking") == ["Baking bread"])
            for nonsense in ["%22%26%7C!", "a%27%3Bdrop", "zzz", "the"] {
                _ = try await titles(courses, "/courses?query=\(nonsense)")
            }
        }
    }

    @Test func `category and level narrow the list, whatever their case`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            _ = try await courses.publish(["title": #""A""#, "category": #""Art""#], by: ada)
            _ = try await courses.publish(["title": #""B""#, "level": #""EXPERT""#, "category": #""Art""#], by: ada)
            _ = try await courses.publish(["title": #""C""#, "level": #""EXPERT""#], by: ada)
            #expect(try await titles(courses, "/courses?category=art") == ["B", "A"])
            #expect(try await titles(courses, "/courses?level=expert") == ["C", "B"])
            #expect(try await titles(courses, "/courses?level=expert&category=Art&query=prime") == ["B"])
            #expect(try await titles(courses, "/courses?level=none").isEmpty)
        }
    }

    @Test func `the list has the requested order, page by page`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            for (title, price) in [("A prime", "20"), ("B", "5"), ("C prime prime", "20"), ("D", "0")] {
                _ = try await courses.publish(["title": "\"\(title)\"", "price": "\"\(price)\""], by: ada)
            }
            func all(_ query: String) async throws -> [String] {
                var seen: [String] = [], cursor: String?
                repeat {
                    let next = cursor.map { "&cursor=\($0)" } ?? ""
                    let answer = try await courses.send(.get, "/courses?limit=1&\(query)\(next)")
                    try #require(answer.status == 200, "\(answer.text)")
                    seen += answer.items.compactMap { ($0["title"] as? String)?.first.map(String.init) }
                    cursor = answer["nextCursor"]
                } while cursor != nil
                return seen
            }
            #expect(try await all("sort=price") == ["D", "B", "C", "A"])
            #expect(try await all("sort=price-desc") == ["C", "A", "B", "D"])
            #expect(try await all("sort=newest") == ["D", "C", "B", "A"])
            #expect(try await all("sort=best-match") == ["D", "C", "B", "A"])
            #expect(try await all("query=prime&sort=newest&category=mathematics") == ["D", "C", "B", "A"])
            #expect(try await courses.send(.get, "/courses?sort=dearest").code == "invalid-query")
        }
    }

    @Test func `facets count the results of each filter value, with the other filters applied`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            for (category, level, language) in [
                ("Art", "BEGINNER", "en"), ("art", "EXPERT", "en"), ("Music", "EXPERT", "de"),
                ("Music", "EXPERT", "en"),
            ] {
                _ = try await courses.publish(
                    ["category": "\"\(category)\"", "level": "\"\(level)\"", "language": "\"\(language)\""], by: ada)
            }
            _ = try await courses.draft(["category": #""Secret""#], by: ada)
            func facets(_ query: String) async throws -> [String: [String: Int]] {
                let answer = try await courses.send(.get, "/courses?facets=true&\(query)")
                let found = answer.object["facets"] as? [String: [[String: Any]]] ?? [:]
                return found.mapValues { counts in
                    Dictionary(
                        counts.map { (($0["value"] as? String ?? "").lowercased(), $0["count"] as? Int ?? 0) }
                    ) { $0 + $1 }
                }
            }
            let all = try await facets("")
            #expect(all["categories"] == ["art": 2, "music": 2] && all["levels"] == ["beginner": 1, "expert": 3])
            #expect(all["languages"] == ["en": 3, "de": 1])
            let narrowed = try await facets("category=ART&language=en")
            #expect(narrowed["categories"] == ["art": 2, "music": 1])
            #expect(narrowed["levels"] == ["beginner": 1, "expert": 1] && narrowed["languages"] == ["en": 2])
            #expect(try await facets("query=zzz")["levels"] == [:])
            #expect(try await titles(courses, "/courses?language=DE").count == 1)
            #expect(try await courses.send(.get, "/courses").object["facets"] == nil)
            #expect(try await courses.send(.get, "/courses?facets=some").code == "invalid-query")
        }
    }

    @Test(arguments: ["", "&query=prime"])
    func `pages continue after the previous one, also with new courses meanwhile`(query: String) async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            for number in 1...5 { _ = try await courses.publish(["title": "\"Prime \(number)\""], by: ada) }
            var seen: [String] = [], cursor: String?
            repeat {
                let next = cursor.map { "&cursor=\($0)" } ?? ""
                let answer = try await courses.send(.get, "/courses?limit=2\(query)\(next)")
                try #require(answer.status == 200)
                seen += answer.items.compactMap { $0["title"] as? String }
                cursor = answer["nextCursor"]
                _ = try await courses.publish(["title": #""Prime of later""#], by: ada)
            } while cursor != nil
            #expect(seen == [5, 4, 3, 2, 1].map { "Prime \($0)" })
        }
    }

    @Test(arguments: ["cursor=x", "cursor=1.-1", "cursor=01.1", "cursor=1", "limit=0"])
    func `an invalid query is refused`(query: String) async throws {
        try await Courses.with { courses in
            let answer = try await courses.send(.get, "/courses?\(query)")
            #expect(answer.status == 422 && answer.code == "invalid-query")
        }
    }

    @Test func `a query that is too long is refused`() async throws {
        try await Courses.with { courses in
            let text = String(repeating: "a", count: CatalogueSearch.textLengthMax + 1)
            let answer = try await courses.send(.get, "/courses?query=\(text)")
            #expect(answer.status == 422 && answer.code == "invalid-query")
        }
    }

    @Test func `an instructor lists their own courses, an administrator all`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new, eve = UserID.new
            let first = try await courses.draft(by: ada), second = try await courses.publish(by: ada)
            let other = try await courses.draft(by: eve)
            func own(_ identity: Identity, _ query: String = "") async throws -> TestAnswer {
                try await courses.send(.get, "/courses/own\(query)", as: identity)
            }
            func ids(_ answer: TestAnswer) -> [String] { answer.items.compactMap { $0["id"] as? String } }
            #expect(ids(try await own(.instructor(ada))) == [second.rawValue, first.rawValue])
            #expect(ids(try await own(.administrator())) == [other, second, first].map(\.rawValue))
            let page = try await own(.instructor(ada), "?limit=1")
            #expect(ids(page) == [second.rawValue])
            let rest = try await own(.instructor(ada), "?limit=1&cursor=\(page["nextCursor"] ?? "")")
            #expect(ids(rest) == [first.rawValue] && rest["nextCursor"] == nil)
            #expect(try await own(.student(ada)).status == 403)
            #expect(try await own(.anonymous).status == 401)
        }
    }
}
