import Contracts
import Foundation
import HTTP
import HubTesting
import Observability
@testable import Platform
import Testing

/// A list of the numbers from 1 to 45, the largest first, behind a route.
@Suite struct PagingTests {
    /// A number as a place in the list.
    struct Place: RawRepresentable {
        let number: Int
        var rawValue: String { String(number) }
        init(_ number: Int) { self.number = number }
        init?(rawValue: String) {
            guard let number = Int(rawValue) else { return nil }
            self.init(number)
        }
    }

    struct Answer: Decodable {
        let items: [Int]
        let nextCursor: String?
    }

    private func send(_ query: String) async throws -> HTTPResponse {
        let seal = try IdentitySeal(secret: IdentitySecret("a secret of enough bytes")) { 0 }
        let logger = Logger(label: "test", sink: LogRecorder())
        var routes = Routes(seal: seal, logger: logger, metrics: Metrics())
        routes.get("/numbers", .anyone, query: .page()) { request in
            let page = try request.page(by: Place.self)
            let found = (1...45).reversed().filter { number in page.cursor.map { number < $0.number } ?? true }
            return try .page(Page(Array(found.prefix(page.soughtCount)), of: page) { Place($0) }, of: request)
        }
        let target = "/numbers\(query)"
        let fields: HTTPFields = [
            IdentitySeal.fieldName: seal.header(for: .anonymous, method: "GET", target: target)
        ]
        return await routes.router.respond(to: HTTPRequest(.get, target, fields: fields))
    }

    private func answer(_ query: String) async throws -> Answer {
        let response = try await send(query)
        try #require(response.status == .ok)
        return try JSONDecoder().decode(Answer.self, from: Data(try await response.body.collect(bytesMax: 1 << 20)))
    }

    @Test(arguments: [("", 20), ("?limit=1", 1), ("?limit=44", 44), ("?limit=45", 45), ("?limit=100", 45)])
    func `a page has the requested number of items`(query: String, count: Int) async throws {
        let page = try await answer(query)
        #expect(page.items == Array((1...45).reversed().prefix(count)))
        #expect(page.nextCursor == (count < 45 ? String(46 - count) : nil))
    }

    @Test(arguments: [1, 7, 9, 15, 20, 44, 45, 46])
    func `the pages contain every item once, also if the last page is full`(limit: Int) async throws {
        var items: [Int] = [], cursor: String?, pages = 0
        repeat {
            let page = try await answer("?limit=\(limit)" + (cursor.map { "&cursor=\($0)" } ?? ""))
            items += page.items
            cursor = page.nextCursor
            pages += 1
        } while cursor != nil
        #expect(items == Array((1...45).reversed()))
        #expect(pages == (45 + limit - 1) / limit)
    }

    @Test func `the end of a list has a cursor of null and no link`() async throws {
        let last = try await send("?cursor=3")
        #expect(last.fields["link"] == nil)
        let text = String(decoding: try await last.body.collect(bytesMax: 1 << 20), as: UTF8.self)
        #expect(text == #"{"items":[2,1],"nextCursor":null}"#)
        #expect(try await send("?limit=2").fields["link"] == "</numbers?limit=2&cursor=44>; rel=\"next\"")
    }

    @Test(arguments: ["0", "-1", "101", "1.5", "1e1", "", "ten", "99999999999999999999", "%00", "+"])
    func `a limit out of range is refused`(limit: String) async throws {
        let response = try await send("?limit=\(limit)")
        #expect(response.status.code == 422)
        let text = String(decoding: try await response.body.collect(bytesMax: 1 << 20), as: UTF8.self)
        #expect(text.contains("invalid-query") && text.contains("must be a whole number from 1 to 100"))
    }

    @Test(arguments: ["", "x", "usr_0190", "1.5", "99999999999999999999", "%00", "%27%3B--"])
    func `a cursor of another list is refused`(cursor: String) async throws {
        let response = try await send("?cursor=\(cursor)")
        #expect(response.status.code == 422)
        let text = String(decoding: try await response.body.collect(bytesMax: 1 << 20), as: UTF8.self)
        #expect(text.contains("invalid-query") && text.contains("must be the nextCursor of the previous page"))
    }
}
