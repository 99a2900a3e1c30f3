import Avro
import Foundation
import HTTP
import HubTesting
import SystemTesting
import Testing

/// Responses for browsers.
@Suite struct BrowserTests {
    @Test func `OPTIONS and a refused method list exactly the described methods`() async throws {
        let hub = try await HubUnderTest.inOneProcess()
        let description = try JSONTree(parsing: try await hub.client.get("/openapi.json").body, bytesMax: 16 << 20)
        guard case .object(let paths) = description["paths"] else { throw Missing.paths }
        for path in paths {
            guard case .object(let calls) = path.value else { throw Missing.paths }
            var methods = Set(calls.map { $0.name.uppercased() })
            let target = path.name.replacing(/\{[^}]*\}/, with: "x")
            let other = try #require(["DELETE", "PATCH", "PUT", "POST"].first { !methods.contains($0) })
            methods.insert("OPTIONS")
            if methods.contains("GET") { methods.insert("HEAD") }
            for (method, status) in [("OPTIONS", 204), (other, 405)] {
                let answer = try await hub.client.send(HTTPMethod(rawValue: method), target)
                let allowed = answer.fields["allow"]?.split(separator: ", ").map(String.init) ?? []
                #expect(answer.status == status, "\(method) \(target)")
                #expect(allowed.count == methods.count && Set(allowed) == methods, "\(method) \(target): \(allowed)")
            }
        }
        #expect(try await hub.stop() == [0])
    }

    private enum Missing: Error { case paths }

    @Test func `the type of a problem is a page, and the page of a mail runs no script`() async throws {
        let hub = try await HubUnderTest.inOneProcess()
        let refused = try await hub.client.send(.post, "/auth/login", json: ["email": "a", "password": "b"])
        let type = try #require(try JSONTree(parsing: refused.body)["type"]?.text)
        let page = try await hub.client.get(type)
        #expect(page.status == 200 && page.text.contains("<h1><code>wrong-credentials</code></h1>"), "\(refused.text)")

        #expect(try await hub.client.register("ada@example.com").status == 201)
        let list = try await eventually("the mail is in the mailbox") {
            let page = try await hub.client.send(.get, "/dev/mailbox", fields: ["accept": "text/html,*/*;q=0.8"])
            return page.text.contains("ada@example.com") ? page : nil
        }
        let link = try #require(list.text.firstMatch(of: /href="(\/dev\/mailbox\/[0-9]+)"/)).output.1
        let mail = try await hub.client.send(.get, String(link), fields: ["accept": "text/html,*/*;q=0.8"])
        #expect(mail.fields["content-type"] == "text/html; charset=utf-8")
        #expect(mail.fields["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
        #expect(mail.text.contains("<iframe sandbox title="))
        #expect(try await hub.stop() == [0])
    }
}
