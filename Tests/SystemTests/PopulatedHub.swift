import Avro
import Foundation
import HTTP
import HubTesting
import SystemTesting
import Testing

/// A hub with the people and the things of `docs/who-may-do-what.md`.
struct PopulatedHub {
    typealias Caller = AuthorisationTable.Caller
    /// The ids of a thing and of what belongs to it, by the collection whose paths name them, or by the placeholder of a path.
    typealias Thing = [String: String]

    let hub: HubUnderTest
    private let tokens: [Caller: String]
    private let things: [String: Thing]

    /// The described operations, such as `GET /users/{id}`, with their roles: an empty list means every logged-in
    /// user, nil everyone.
    func operations() async throws -> [String: Set<String>?] {
        let document = try JSONTree(parsing: try await hub.client.get("/openapi.json").body, bytesMax: 16 << 20)
        var operations: [String: Set<String>?] = [:]
        for path in document["paths"]?.members ?? [] {
            for call in path.value.members {
                let ways = call.value["security"]?.items?.map { $0["accessToken"]?.items?.compactMap(\.text) ?? [] }
                operations["\(call.name.uppercased()) \(path.name)"] = .some(ways.map { Set($0.joined()) })
            }
        }
        return operations
    }

    /// - Parameter operation: as `GET /users/{id}`.
    func ask(_ operation: String, of name: String?, as caller: Caller) async throws -> HubClient.Answer {
        let words = operation.split(separator: " "), path = String(words[1])
        let thing = try name.map { try #require(things[$0], "\($0)") } ?? [:]
        func filled(_ text: String) -> String {
            thing.reduce(text.replacing("{id}", with: "{\(Self.collection(of: operation))}")) {
                $0.replacing("{\($1.key)}", with: $1.value)
            }
        }
        var fields: HTTPFields = ["if-match": #""999""#]
        let body = OperationBodies.byOperation[operation].map(filled)
        if body != nil {
            fields["content-type"] = path.hasSuffix("/parts/{number}") ? "application/octet-stream" : "application/json"
        }
        return try await hub.client.send(
            HTTPMethod(rawValue: String(words[0])), filled(path), token: tokens[caller],
            bytes: Array((body ?? "").utf8), fields: fields)
    }

    /// What the `{id}` of an operation identifies: `users` in `GET /users/{id}`.
    private static func collection(of operation: String) -> String {
        operation.split(separator: "/").dropFirst().first.map(String.init) ?? ""
    }

    /// The placeholders of an operation's path, and the matching kinds of ``ids``.
    func places(in operation: String) -> [(name: String, ids: String)] {
        operation.matches(of: /\{(\w+)\}/).map { found in
            let name = String(found.output.1)
            return (name, name == "id" ? Self.collection(of: operation) : name)
        }
    }

    /// All ids, and one of a missing thing, by kind.
    var ids: [String: [String]] {
        things.values.reduce(into: [:]) { ids, thing in
            for (name, id) in thing { ids[name, default: []].append(id) }
        }
    }

    func token(of caller: Caller) -> String { tokens[caller] ?? "" }

    /// Ids that must not appear in responses for a caller.
    func ids(hiddenFrom caller: Caller) -> [String] {
        let learned = ["enrolment", "payment", "submission", "certificate", "notification"]
        let taught = ["draft", "dropped", "medium"]
        let hidden =
            switch caller {
            case .anonymous, .otherLearner, .otherInstructor: learned + taught
            case .learner: taught
            case .instructor: ["payment", "certificate", "notification"]
            case .administrator: ["notification"]
            }
        return hidden.compactMap { things[$0]?[Self.collections[$0] ?? ""] }
    }

    private static let collections = [
        "draft": "courses", "dropped": "courses", "medium": "media", "enrolment": "enrollments", "payment": "payments",
        "submission": "submissions", "certificate": "certificates", "notification": "notifications",
    ]

    // MARK: Making it

    static func make() async throws -> PopulatedHub {
        let root = "root@example.org"
        let hub = try await HubUnderTest.inOneProcess([
            "HUB_ADMIN_EMAIL": root, "HUB_ADMIN_PASSWORD": HubClient.password,
        ])
        let client = hub.client
        var tokens: [Caller: String] = [.administrator: try await client.logIn(root)], people: [Caller: String] = [:]
        for caller in [Caller.learner, .otherLearner, .instructor, .otherInstructor] {
            let email = "\(caller.rawValue.lowercased())@example.org"
            let id = try await client.register(email).json(HubClient.Account.self).id
            if caller == .instructor || caller == .otherInstructor {
                let changed = try await client.send(
                    .put, "/users/\(id)/role", token: tokens[.administrator], json: ["role": "INSTRUCTOR"])
                try #require(changed.status == 200, "\(changed.text)")
            }
            people[caller] = id
            tokens[caller] = try await client.logIn(email)
        }
        let teacher = Maker(client: client, token: tokens[.instructor] ?? "")
        let learner = Maker(client: client, token: tokens[.learner] ?? "")
        var things = [AuthorisationTable.missing: missing, "person": ["users": people[.learner] ?? ""]]
        for name in ["draft", "dropped", "course"] { things[name] = try await teacher.course() }
        try await teacher.do(.post, "/courses/\(things["dropped"]?["courses"] ?? "")/archive")
        let course = try #require(things["course"])
        try await teacher.do(.post, "/courses/\(course["courses"] ?? "")/publish")
        things["medium"] = [
            "media": try await teacher.id(.post, "/media", OperationBodies.medium), "number": "1", "name": "poster",
        ]
        things.merge(try await learner.learn(course)) { $1 }
        return PopulatedHub(hub: hub, tokens: tokens, things: things)
    }

    /// Ids of a good form that name nothing.
    private static let missing: Thing = {
        let prefixes = [
            "users": "usr", "courses": "crs", "sectionId": "sct", "lessons": "lsn", "lessonId": "lsn", "quizzes": "quz",
            "assignments": "asg", "enrollments": "enr", "payments": "pay", "submissions": "sbm", "certificates": "crt",
            "notifications": "ntf", "reviews": "rev", "media": "med",
        ]
        let ids = prefixes.mapValues { "\($0)_01m84jzyhyesasb01ed59g6feh" }
        return ids.merging(["code": "0000-0000-0000", "dev": "999999999", "number": "1", "name": "poster"]) { $1 }
    }()
}

extension JSONTree {
    fileprivate var members: [Member] {
        if case .object(let members) = self { members } else { [] }
    }
}

/// A person who creates the things of the tables.
private struct Maker {
    let client: HubClient
    let token: String

    @discardableResult
    func `do`(_ method: HTTPMethod, _ target: String, _ json: String? = nil) async throws -> JSONTree {
        let answer = try await client.send(
            method, target, token: token, bytes: Array((json ?? "").utf8),
            fields: json == nil ? [:] : ["content-type": "application/json"])
        try #require((200..<300).contains(answer.status), "\(method) \(target): \(answer.text)")
        return answer.body.isEmpty ? .null : try JSONTree(parsing: answer.body)
    }

    /// - Returns: the id of the created thing.
    func id(_ method: HTTPMethod, _ target: String, _ json: String) async throws -> String {
        try #require(try await self.do(method, target, json)["id"]?.text)
    }

    /// A course with a lesson, a quiz and an assignment.
    func course() async throws -> PopulatedHub.Thing {
        let course = try await id(.post, "/courses", OperationBodies.course)
        let section = try await id(.post, "/courses/\(course)/sections", #"{"title": "Beginnings"}"#)
        let lesson = try await id(
            .post, "/courses/\(course)/lessons", #"{"sectionId": "\#(section)", "title": "Euclid", "kind": "ARTICLE"}"#)
        try await self.do(.put, "/lessons/\(lesson)/content", #"{"markdown": "Primes."}"#)
        return [
            "courses": course, "sectionId": section, "lessons": lesson, "lessonId": lesson, "number": "1",
            "quizzes": try await id(.post, "/courses/\(course)/quizzes", OperationBodies.quiz),
            "assignments": try await id(.post, "/courses/\(course)/assignments", OperationBodies.assignment),
        ]
    }

    /// Pays for a course, completes it, and leaves something everywhere.
    func learn(_ course: PopulatedHub.Thing) async throws -> [String: PopulatedHub.Thing] {
        let id = course["courses"] ?? "", lesson = course["lessons"] ?? "", assignment = course["assignments"] ?? ""
        let order = try await self.do(
            .post, "/enrollments", #"{"courseId": "\#(id)", "paymentMethod": "pm_card_visa"}"#)
        let payment = try #require(order["paymentId"]?.text)
        let enrollment = try await eventually("the learner is enrolled") {
            try await self.do(.get, "/payments/\(payment)")["enrollmentId"]?.text
        }
        try await eventually("content and review hear of it") {
            try await client.get("/lessons/\(lesson)/content", token: token).status == 200
        }
        try await self.do(
            .put, "/progress", #"{"enrollmentId": "\#(enrollment)", "lessonId": "\#(lesson)", "percent": 100}"#)
        let submission = try await self.id(.post, "/assignments/\(assignment)/submissions", #"{"text": "Proof."}"#)
        let review = try await self.id(.post, "/courses/\(id)/reviews", #"{"rating": 5}"#)
        try await self.do(
            .post, "/subscriptions", #"{"plan": "PRO", "interval": "MONTH", "paymentMethod": "pm_card_visa"}"#)
        try await eventually("the plan is paid") {
            try await self.do(.get, "/subscriptions/me")["status"]?.text == "ACTIVE"
        }
        let certificate = try await eventually("the certificate is issued") { try await first(of: "/certificates") }
        let notification = try await eventually("the learner is told") { try await first(of: "/notifications") }
        return [
            "enrolment": ["enrollments": enrollment, "lessons": lesson], "payment": ["payments": payment],
            "submission": ["submissions": submission], "review": ["reviews": review],
            "certificate": [
                "certificates": try #require(certificate["id"]?.text), "code": certificate["code"]?.text ?? "",
            ],
            "notification": ["notifications": try #require(notification["id"]?.text)],
            "mail": ["dev": try #require(try await first(of: "/dev/mailbox")?["id"]?.text)],
            "problem": ["code": "email-taken"],
        ]
    }

    private func first(of list: String) async throws -> JSONTree? {
        try await self.do(.get, list)["items"]?.items?.first
    }
}
