import Contracts
import HTTP
import Platform
import ServiceTesting
import Testing

@testable import Course

@Suite struct OfferTests {
    @Test func `an instructor creates a draft, and an event is published`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let answer = try await courses.send(.post, "/courses", as: .instructor(ada), json: Courses.offer())
            #expect(answer.status == 201)
            #expect([answer["status"], answer["price"], answer["instructorId"]] == ["DRAFT", "49.99", ada.rawValue])
            let id = try CourseID(validating: answer["id"] ?? "")
            #expect(answer.fields["location"] == "/courses/\(id)")
            let event = try #require(try await courses.published(CourseCreated.self).first?.data)
            #expect(event.courseID == id && event.instructorID == ada && event.title == "Number theory")
            #expect(event.category == "Mathematics" && event.price == Money("49.99", .eur))
        }
    }

    @Test func `the same request with the same key creates one draft`() async throws {
        try await Courses.with { courses in
            let ada = Identity.instructor(.new), key: HTTPFields = ["idempotency-key": "k1"]
            let first = try await courses.send(.post, "/courses", as: ada, json: Courses.offer(), fields: key)
            let again = try await courses.send(.post, "/courses", as: ada, json: Courses.offer(), fields: key)
            #expect(first.status == 201 && again.status == 201 && again["id"] == first["id"])
            #expect(try await courses.published(CourseCreated.self).count == 1)
        }
    }

    @Test(arguments: [
        ("title", #""""#), ("title", "7"), ("category", #""""#), ("level", "null"), ("language", #""?""#),
        ("price", #""-1""#), ("price", #""1.999""#), ("price", #""much""#), ("price", #""99999999999""#),
        ("currency", #""EURO""#), ("currency", #""XTS""#), ("currency", #""KWD""#), ("instructorId", #""usr_1""#),
        ("status", #""PUBLISHED""#),
    ])
    func `an invalid course is refused, naming the field`(field: String, value: String) async throws {
        try await Courses.with { courses in
            let answer = try await courses.send(
                .post, "/courses", as: .instructor(.new), json: Courses.offer([field: value]))
            #expect(answer.status == 422 && answer.code == "invalid-body")
            #expect(answer.complaints == [field])
        }
    }

    @Test(arguments: [
        ("en", true), ("pt-BR", true), ("zh-Hant-TW", true), ("de-1996", true), ("abcdefgh-12345678", true),
        ("", false), ("e", false), ("abcdefghi", false), ("e1", false), ("en-", false), ("-en", false),
        ("en--US", false),
        ("en_US", false), ("en-abcdefghi", false), ("dé", false), ("en US", false), ("[{", false), ("en-@A", false),
        ("en" + String(repeating: "-abcdefgh", count: 4), false),
    ])
    func `a language tag has a language of letters and further subtags`(text: String, isTag: Bool) {
        #expect((LanguageTag(rawValue: text)?.rawValue == text) == isTag)
    }

    @Test func `all errors of a body are reported at once`() async throws {
        try await Courses.with { courses in
            let answer = try await courses.send(.post, "/courses", as: .instructor(.new), json: #"{"price": "1"}"#)
            #expect(answer.complaints == ["category", "currency", "language", "level", "title"])
        }
    }

    @Test func `only instructors and administrators create courses`() async throws {
        try await Courses.with { courses in
            let answers = [
                try await courses.send(.post, "/courses", as: .student(.new), json: Courses.offer()),
                try await courses.send(.post, "/courses", json: Courses.offer()),
                try await courses.send(.post, "/courses", as: nil, json: Courses.offer()),
                try await courses.send(.post, "/courses", as: .administrator(), json: Courses.offer()),
            ]
            #expect(answers.map(\.status) == [403, 401, 401, 201])
            #expect(answers.map(\.code) == ["not-allowed", "not-logged-in", "no-identity", nil])
        }
    }

    @Test func `an instructor changes what a course offers, and the event names what changed`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            let answer = try await courses.send(
                .patch, "/courses/\(id)", as: .instructor(ada),
                json: #"{"title": "Primes", "price": "500", "currency": "JPY", "level": "BEGINNER"}"#)
            #expect(answer.status == 200 && answer.fields["etag"] == "\"2\"")
            #expect([answer["title"], answer["price"], answer["currency"]] == ["Primes", "500.00", "JPY"])
            let event = try #require(try await courses.published(CourseUpdated.self).last?.data)
            #expect(event.changedFields == ["title", "price", "currency"] && event.contentVersion == 2)
            #expect(event.courseID == id && event.title == "Primes")
        }
    }

    @Test func `prerequisites are lines that are changed together`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(["prerequisites": #"["Sets", " Logic "]"#], by: ada)
            func lines(_ answer: TestAnswer) -> [String]? { answer.object["prerequisites"] as? [String] }
            #expect(lines(try await courses.send(.get, "/courses/\(id)", as: .instructor(ada))) == ["Sets", "Logic"])
            func edit(_ json: String) async throws -> TestAnswer {
                try await courses.send(
                    .patch, "/courses/\(id)", as: .instructor(ada), json: #"{"prerequisites": \#(json)}"#)
            }
            #expect(lines(try await edit("null")) == ["Sets", "Logic"])
            #expect(lines(try await edit(#"["Logic"]"#)) == ["Logic"])
            #expect(lines(try await edit("[]")) == [])
            #expect(
                try await courses.published(CourseUpdated.self).map(\.data.changedFields) == [
                    ["prerequisites"], ["prerequisites"],
                ])
            let many = "[\(Array(repeating: "\"A\"", count: 21).joined(separator: ","))]"
            for (json, field) in [(many, ""), (#"["", 7]"#, "[0]"), (#""Sets""#, "")] {
                #expect(try await edit(json).complaints.first == "prerequisites\(field)")
            }
        }
    }

    @Test func `a change without effect publishes nothing`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            for body in ["{}", Courses.offer(), #"{"title": null}"#] {
                let answer = try await courses.send(.patch, "/courses/\(id)", as: .instructor(ada), json: body)
                #expect(answer.status == 200 && answer.fields["etag"] == "\"1\"")
            }
            #expect(try await courses.published(CourseUpdated.self).isEmpty)
        }
    }

    @Test func `a price must match its new currency`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            for body in [#"{"currency": "JPY"}"#, #"{"currency": "BHD"}"#, #"{"price": "0.001"}"#] {
                let answer = try await courses.send(.patch, "/courses/\(id)", as: .instructor(ada), json: body)
                #expect(answer.status == 422 && answer.code == "invalid-body", "\(body)")
            }
            let free = try await courses.send(
                .patch, "/courses/\(id)", as: .instructor(ada), json: #"{"price": "0", "currency": "JPY"}"#)
            #expect(free["price"] == "0.00")
        }
    }

    @Test func `of two concurrent changes of one version, one is refused`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new
            let id = try await courses.draft(by: ada)
            let seen: HTTPFields = ["if-match": "\"1\""]
            let calls: [(HTTPMethod, String, String?)] = [
                (.patch, "/courses/\(id)", #"{"title": "B"}"#), (.post, "/courses/\(id)/sections", #"{"title": "C"}"#),
                (.post, "/courses/\(id)/publish", nil), (.post, "/courses/\(id)/archive", nil),
            ]
            let first = try await courses.send(
                .patch, "/courses/\(id)", as: .instructor(ada), json: #"{"title": "A"}"#, fields: seen)
            #expect(first.status == 200)
            for (method, target, body) in calls {
                let late = try await courses.send(method, target, as: .instructor(ada), json: body, fields: seen)
                #expect(late.status == 412 && late.code == "changed-meanwhile", "\(target)")
            }
            #expect(try await courses.send(.get, "/courses/\(id)", as: .instructor(ada))["title"] == "A")
        }
    }

    @Test func `another instructor cannot change a course, or see a draft`() async throws {
        try await Courses.with { courses in
            let ada = UserID.new, eve = Identity.instructor(.new)
            let draft = try await courses.draft(by: ada), open = try await courses.publish(by: ada)
            let calls: [(HTTPMethod, String, String?)] = [
                (.patch, "", #"{"title": "B"}"#), (.post, "/sections", #"{"title": "C"}"#), (.post, "/publish", nil),
                (.post, "/archive", nil),
            ]
            for (method, target, body) in calls {
                let hidden = try await courses.send(method, "/courses/\(draft)\(target)", as: eve, json: body)
                let missing = try await courses.send(
                    method, "/courses/\(CourseID.make(at: Courses.time))\(target)", as: eve, json: body)
                #expect(hidden.status == 404 && hidden.body == missing.body)
                let known = try await courses.send(method, "/courses/\(open)\(target)", as: eve, json: body)
                #expect(known.status == 403 && known.code == "not-allowed")
                let pupil = try await courses.send(method, "/courses/\(open)\(target)", as: .student(ada), json: body)
                #expect(pupil.status == 403)
            }
        }
    }

    @Test func `an administrator changes any course`() async throws {
        try await Courses.with { courses in
            let id = try await courses.draft(by: .new)
            let answer = try await courses.send(
                .patch, "/courses/\(id)", as: .administrator(), json: #"{"title": "Corrected"}"#)
            #expect(answer.status == 200 && answer["title"] == "Corrected")
        }
    }
}

@Suite struct PriceTests {
    @Test(arguments: [
        ("49.99", "EUR", 4_999), ("0", "USD", 0), ("0.00", "EUR", 0), ("500", "JPY", 50_000), ("7.50", "GBP", 750),
    ])
    func `a price is an amount of a currency`(amount: String, currency: String, hundredths: Int64) throws {
        #expect(try Money(price: amount, in: currency).hundredths == hundredths)
    }

    @Test(arguments: [
        ("500.50", "JPY", "price"), ("1", "KWD", "currency"), ("1", "CLF", "currency"), ("1", "eur", "currency"),
        ("1", "XTS", "currency"), ("-0.01", "EUR", "price"), ("", "EUR", "price"), ("1.005", "EUR", "price"),
    ])
    func `a price that cannot be charged is refused`(amount: String, currency: String, field: String) {
        let error = #expect(throws: CourseError.self) { try Money(price: amount, in: currency) }
        guard case .unacceptable(field, _) = error else { return #expect(Bool(false), "\(String(describing: error))") }
    }
}
