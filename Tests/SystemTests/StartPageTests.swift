import Contracts
import HubTesting
import Platform
import SystemTesting
import Testing

@testable import learning_hub

@Suite struct StartPageTests {
    @Test func `the start page leads to every service and the gateway, and to the mailbox while there is one`()
        async throws
    {
        let hub = try await HubUnderTest.inOneProcess()
        let page = try await hub.client.get("/").text
        let links = page.matches(of: /href="(http:\/\/127\.0\.0\.1:\d+)\/health\/ready"/).map { String($0.output.1) }
        #expect(
            Set(links).count == HubServices.all.filter { ![.registry, .sandbox].contains($0.name) }.count)
        #expect(page.contains("<td>gateway</td><td><span class=\"good\">"))
        for link in links {
            let service = HubClient(address: link)
            #expect(try await service.get("/health/ready").status == 200)
            await service.close()
        }
        #expect(page.contains("href=\"/dev/mailbox\""))
        for path in ["/openapi.yaml", "/openapi.json", "/docs", "/problems"] {
            #expect(page.contains("href=\"\(path)\""))
            #expect(try await hub.client.get(path).status == 200)
        }
        #expect(try await hub.stop() == [0])
    }

    @Test func `with a mail server the start page has no link to the mailbox`() async throws {
        let smtp = try await SMTPServer()
        let hub = try await HubUnderTest.inOneProcess(["SMTP_URL": smtp.url])
        let page = try await hub.client.get("/")
        #expect(page.status == 200 && !page.text.contains("mailbox"))
        #expect(try await hub.stop() == [0])
        await smtp.stop()
    }
}
