import HTTP
import Testing

struct RouterTests {
    static func router(_ patterns: String...) -> Router {
        var router = Router()
        for pattern in patterns {
            router.add(.get, pattern) { request in
                let parameters = request.pathParameters.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
                return .text(.ok, "\(request.route ?? "") \(parameters)")
            }
        }
        return router
    }

    static func answer(_ router: Router, _ target: String, _ method: HTTPMethod = .get) async -> HTTPResponse {
        await router.respond(to: HTTPRequest(method, target))
    }

    static func text(_ response: HTTPResponse) async throws -> String {
        String(decoding: try await response.body.collect(bytesMax: 10_000), as: UTF8.self)
    }

    @Test(arguments: [
        ("/users/7", "/users/{id} id=7"),
        ("/users/me", "/users/me "),
        ("/users/me/badges", "/users/me/badges "),
        ("/users/you/badges", "/users/{id}/badges id=you"),
        ("/users/me/points", "/users/{id}/points id=me"),
        ("/users/a%2Fb", "/users/{id} id=a/b"),
        ("/users/J%C3%BCrgen?x=1", "/users/{id} id=Jürgen"),
        ("/%75sers/me", "/users/me "),
        ("/files/a/b%2Fc/", "/files/{path...} path=a/b%2Fc/"),
        ("/files/", "/files/{path...} path="),
        ("/", "/ "),
    ])
    func `a path finds its route and its parameters`(target: String, expected: String) async throws {
        let router = Self.router(
            "/", "/users/{id}", "/users/me", "/users/me/badges", "/users/{id}/badges", "/users/{id}/points",
            "/files/{path...}")
        #expect(try await Self.text(Self.answer(router, target)) == expected)
    }

    @Test(arguments: ["/users", "/users/", "/users/7/", "/users//badges", "/user", "//users/7", "/users/7/badges/1"])
    func `a path without a matching pattern is not found`(target: String) async {
        let router = Self.router("/users/{id}", "/users/{id}/badges")
        let response = await Self.answer(router, target)
        #expect(response.status == .notFound)
        #expect(response.fields["content-type"] == "application/problem+json")
    }

    @Test(arguments: ["/users/%", "/users/%zz", "/users/%2", "/users/a%00b", "/users/%ff"])
    func `a broken escape is refused`(target: String) async {
        #expect(await Self.answer(Self.router("/users/{id}"), target).status == .badRequest)
    }

    @Test func `a method without a route gets the list of methods`() async {
        var router = Self.router("/users/{id}")
        router.add(.delete, "/users/{id}") { _ in HTTPResponse(.noContent) }
        let response = await Self.answer(router, "/users/7", .put)
        #expect(response.status == .methodNotAllowed)
        #expect(response.fields["Allow"] == "GET, DELETE, HEAD, OPTIONS")
    }

    @Test func `OPTIONS is answered with the methods`() async {
        let response = await Self.answer(Self.router("/users/{id}"), "/users/7", .options)
        #expect(response.status == .noContent)
        #expect(response.fields["allow"] == "GET, HEAD, OPTIONS")
    }

    @Test func `HEAD is answered by the route for GET`() async {
        #expect(await Self.answer(Self.router("/users/{id}"), "/users/7", .head).status == .ok)
    }

    @Test func `middleware wraps every response, the first outermost`() async {
        var router = Self.router("/users/{id}")
        for mark in ["a", "b"] {
            router.wrap { request, next in
                var response = await next(request)
                response.fields["mark"] = mark + (response.fields["mark"] ?? "")
                response.fields["route"] = request.route ?? "none"
                return response
            }
        }
        #expect(await Self.answer(router, "/users/7").fields["mark"] == "ab")
        #expect(await Self.answer(router, "/users/7").fields["route"] == "/users/{id}")
        let missing = await Self.answer(router, "/nowhere")
        #expect(missing.status == .notFound && missing.fields["mark"] == "ab" && missing.fields["route"] == "none")
    }

    @Test func `a query is decoded in order`() {
        let request = HTTPRequest(.get, "/courses?query=gr%C3%BCn+tee&empty=&flag&query=2&bad=%zz")
        #expect(
            request.query.map { "\($0.name)=\($0.value)" } == [
                "query=grün tee", "empty=", "flag=", "query=2", "bad=%zz",
            ])
        #expect(request.query("query") == "grün tee")
        #expect(request.path == "/courses")
    }
}
