import Foundation
import HTTP
import HubTesting
import SystemTesting
import Testing

/// The visibility of a hub from other addresses.
@Suite struct ExposureTests {
    private static let services = ["user", "auth", "notification", "gamification"]

    /// Whether a port responds at another address of this machine than the loopback address.
    private static func answers(_ hub: HubUnderTest, _ service: String) async throws -> Bool {
        let probe = HubClient(address: "http://127.0.0.2:\(try hub.port(of: service))")
        do {
            let status = try await probe.get("/health/live").status
            await probe.close()
            return status == 200
        } catch HTTPClientError.connectFailed {
            await probe.close()
            return false
        }
    }

    @Test func `a public gateway leaves the services on loopback`() async throws {
        let hub = try await HubUnderTest.inOneProcess(["HUB_HOST": "0.0.0.0"])
        #expect(try await Self.answers(hub, "gateway"))
        for service in Self.services { #expect(try await !Self.answers(hub, service), "\(service)") }
        #expect(try await hub.client.register("ada@example.com").status == 201)
        let doctor = try await hub.command(["doctor", "--data", hub.dataFolder])
        #expect(!doctor.output.contains("other machines can connect"), "\(doctor.output)")
        #expect(doctor.output.contains("which everyone who can reach 0.0.0.0 can read"), "\(doctor.output)")
        #expect(try await hub.stop() == [0])
    }

    @Test func `services listen on other addresses only by setting, and doctor warns`() async throws {
        let hub = try await HubUnderTest.inOneProcess(["HUB_SERVICE_HOST": "0.0.0.0"])
        #expect(try await !Self.answers(hub, "gateway"))
        for service in Self.services { #expect(try await Self.answers(hub, service), "\(service)") }
        for (arguments, environment) in [(["--data", hub.dataFolder], [:]), ([], ["HUB_SERVICE_HOST": "127.0.0.5"])] {
            let open = try await hub.command(["doctor"] + arguments, environment)
            #expect(
                open.output.contains("the services listen on 0.0.0.0, and other machines can connect to them"),
                "\(open.output)")
            #expect(!open.output.contains("may read"), "\(open.output)")
        }
        #expect(try await hub.stop() == [0])
    }

    @Test func `the database server gets no settings and no secrets of the hub`() async throws {
        let secret = "a secret that is nobody else's"
        let hub = try await HubUnderTest.inOneProcess(["HUB_IDENTITY_SECRET": secret, "LC_MESSAGES": "C"])
        let process = try #require(hub.postgresProcess)
        let bytes = try Data(contentsOf: URL(filePath: "/proc/\(process)/environ"))
        // The server adds variables of its own for its child processes.
        let names = bytes.split(separator: 0).map {
            String(decoding: $0.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
        }
        #expect(names.contains("PATH") && names.contains("LC_MESSAGES"))
        #expect(
            names.allSatisfy { name in !["HUB_", "DATABASE_", "SMTP_"].contains { name.hasPrefix($0) } }, "\(names)")
        #expect(!String(decoding: bytes, as: UTF8.self).contains(secret))
        #expect(try await hub.stop() == [0])
    }

    @Test func `the public port shows only the state, the private port metrics and details`()
        async throws
    {
        let hub = try await HubUnderTest.inOneProcess(["HUB_HOST": "0.0.0.0"])
        let ready = try await hub.client.get("/health/ready")
        #expect(ready.status == 200 && ready.text == #"{"status":"ready"}"#)
        #expect(try await hub.client.get("/metrics").status == 404)
        let address = try hub.privateAddressOfGateway()
        let operators = HubClient(address: address)
        #expect(try await operators.get("/health/ready").text.contains("database"))
        let page = try await operators.get("/metrics").text
        let version = try await hub.command(["--version"]).output
        let commit = version.firstMatch(of: /\(commit ([0-9a-f]+\+?)\)/).map { String($0.output.1) } ?? "unknown"
        for text in [
            "hub_build_info{commit=\"\(commit)\",version=\"0.1.0\"} 1",
            "hub_breaker_state{lane=\"general\",service=\"user\"} 0",
            "gateway_upstream_seconds_count{service=\"user\"}",
        ] {
            #expect(page.contains(text), "\(text)")
        }
        await operators.close()
        let elsewhere = HubClient(address: address.replacing("127.0.0.1", with: "127.0.0.2"))
        await #expect(throws: HTTPClientError.self) { try await elsewhere.get("/metrics") }
        await elsewhere.close()
        #expect(try await hub.stop() == [0])
    }
}
