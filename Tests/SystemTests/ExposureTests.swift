import Foundation
import HTTP
import HubTesting
import SystemTesting
import Testing

/// What of a hub can be seen, and from where.
@Suite struct ExposureTests {
    private static let services = ["user", "auth", "notification", "gamification"]

    /// Whether somebody answers at another address of this machine than the one that every service listens on.
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

    @Test func `a gateway that is open to all leaves the services to this machine alone`() async throws {
        let hub = try await HubUnderTest.inOneProcess(["HUB_HOST": "0.0.0.0"])
        #expect(try await Self.answers(hub, "gateway"))
        for service in Self.services { #expect(try await !Self.answers(hub, service), "\(service)") }
        #expect(try await hub.client.register("ada@example.com").status == 201)
        let doctor = try await hub.command(["doctor", "--data", hub.dataFolder])
        #expect(!doctor.output.contains("not on this machine alone"), "\(doctor.output)")
        #expect(doctor.output.contains("which whoever reaches 0.0.0.0 may read"), "\(doctor.output)")
        #expect(try await hub.stop() == [0])
    }

    @Test func `services are open to others when that is said, and doctor warns of it`() async throws {
        let hub = try await HubUnderTest.inOneProcess(["HUB_SERVICE_HOST": "0.0.0.0"])
        #expect(try await !Self.answers(hub, "gateway"))
        for service in Self.services { #expect(try await Self.answers(hub, service), "\(service)") }
        for (arguments, environment) in [(["--data", hub.dataFolder], [:]), ([], ["HUB_SERVICE_HOST": "127.0.0.5"])] {
            let open = try await hub.command(["doctor"] + arguments, environment)
            #expect(open.output.contains("the services listen on 0.0.0.0, not on this machine alone"), "\(open.output)")
            #expect(!open.output.contains("may read"), "\(open.output)")
        }
        #expect(try await hub.stop() == [0])
    }

    @Test func `the database server is told no setting of the hub, and no secret`() async throws {
        let secret = "a secret that is nobody else's"
        let hub = try await HubUnderTest.inOneProcess(["HUB_IDENTITY_SECRET": secret, "LC_MESSAGES": "C"])
        let process = try #require(hub.postgresProcess)
        let bytes = try Data(contentsOf: URL(filePath: "/proc/\(process)/environ"))
        // The server itself adds names of its own, with which it tells its children about their parent.
        let names = bytes.split(separator: 0).map {
            String(decoding: $0.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
        }
        #expect(names.contains("PATH") && names.contains("LC_MESSAGES"))
        #expect(
            names.allSatisfy { name in !["HUB_", "DATABASE_", "SMTP_"].contains { name.hasPrefix($0) } }, "\(names)")
        #expect(!String(decoding: bytes, as: UTF8.self).contains(secret))
        #expect(try await hub.stop() == [0])
    }

    @Test func `the door of the hub shows its state to everybody, and figures and parts to operators alone`()
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
