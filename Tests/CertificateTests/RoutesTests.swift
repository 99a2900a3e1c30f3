import Contracts
import Foundation
import HTTP
import HubTesting
import Platform
import Secrets
import ServiceTesting
import Testing

@testable import Certificate

@Suite struct RoutesTests {
    @Test func `a learner sees only their own certificates, page by page`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new, other = UserID.new
            for _ in 0..<3 { _ = try await hub.issue(.of(user)) }
            _ = try await hub.issue(.of(other))
            let first = try await hub.certificates.send(.get, "/certificates?limit=2", as: .student(user))
            #expect(first.items.count == 2)
            let cursor = try #require(first["nextCursor"])
            let rest = try await hub.certificates.send(
                .get, "/certificates?limit=2&cursor=\(cursor)", as: .student(user))
            #expect(rest.items.count == 1)
            #expect(rest["nextCursor"] == nil)
            #expect(try await hub.list(of: other).items.count == 1)
            #expect(try await hub.certificates.send(.get, "/certificates").code == "not-logged-in")
        }
    }

    @Test func `only its learner can read the file of a certificate`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new
            let (id, _) = try await hub.issue(.of(user))
            #expect(try await hub.file(id, as: .student(.new)).code == "not-found")
            #expect(try await hub.file(id, as: .anonymous).code == "not-logged-in")
            #expect(try await hub.file(.make(at: CertificateHub.time), as: .student(user)).code == "not-found")
        }
    }

    // MARK: Verification

    @Test func `everyone with the code can verify a certificate`() async throws {
        try await CertificateHub.with { hub in
            let (_, code) = try await hub.issue(.of(.new))
            let answer = try await hub.verify(code.lowercased())
            #expect(answer.status == 200)
            #expect(answer.object["valid"] as? Bool == true)
            #expect(answer["learnerName"] == "Ada Lovelace")
            #expect(answer["courseTitle"] == "Distributed Systems")
            #expect(answer.object["finalScore"] as? Double == 93.5)
            #expect(answer["issuedAt"] != nil)
            #expect(answer["code"] == code)
            for unknown in ["0000-0000-0000", "nonsense", "%20"] {
                #expect(try await hub.verify(unknown).code == "not-found")
            }
        }
    }

    @Test func `the statement of a certificate is signed by the key that is published`() async throws {
        try await CertificateHub.with(settings: ["HUB_PUBLIC_URL": "https://hub.example.org/"]) { hub in
            let (_, code) = try await hub.issue(.of(.new))
            let parts = try #require(try await hub.verify(code)["statement"]).split(separator: ".").map(String.init)
            #expect(parts.count == 3)
            let keys = try await hub.certificates.send(.get, "/certificates/keys")
            let key = try #require((keys.object["keys"] as? [[String: String]])?.first)
            #expect(key["crv"] == "Ed25519")
            let publicKey = try #require(key["x"].flatMap { Base64URL.decode($0) })
            let signature = try #require(Base64URL.decode(parts[2]))
            #expect(Ed25519Key.isValid(signature, of: Array("\(parts[0]).\(parts[1])".utf8), by: publicKey))
            #expect(!Ed25519Key.isValid(signature, of: Array("\(parts[0]).\(parts[1])A".utf8), by: publicKey))
            let payload = Data(try #require(Base64URL.decode(parts[1])))
            let claims = try #require(try JSONSerialization.jsonObject(with: payload) as? [String: Any])
            #expect(claims["learnerName"] as? String == "Ada Lovelace")
            #expect(claims["iss"] as? String == "https://hub.example.org")
            let header = String(decoding: try #require(Base64URL.decode(parts[0])), as: UTF8.self)
            #expect(header == #"{"alg":"EdDSA","kid":"\#(key["kid"] ?? "")"}"#)
        }
    }

    @Test func `every process of the service signs with the same key`() async throws {
        try await CertificateHub.with { hub in
            let first = try HubJSON.encode(hub.certificates.service.operations.signer.keySet)
            let second = try await CertificateService(hub.certificates.context)
            #expect(try HubJSON.encode(second.operations.signer.keySet) == first)
        }
    }

    @Test func `a browser gets a page without scripts, for any names`() async throws {
        try await CertificateHub.with { hub in
            hub.others.set {
                ($0.firstName, $0.lastName) = ("<script>alert(1)</script>", "\"O'Brien\" & <b>")
                $0.title = "</main><img src=x onerror=alert(1)>"
            }
            let (_, code) = try await hub.issue(.of(.new))
            let page = try await hub.verify(code, accept: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
            #expect(page.status == 200)
            #expect(page.fields["content-type"] == "text/html; charset=utf-8")
            #expect(page.fields["content-security-policy"]?.contains("default-src 'none'") == true)
            #expect(page.fields["vary"] == "accept")
            #expect(page.text.contains("This certificate is valid"))
            #expect(page.text.contains("&lt;script&gt;alert(1)&lt;/script&gt; &quot;O'Brien&quot; &amp; &lt;b&gt;"))
            #expect(!page.text.contains("<script") && !page.text.contains("<img"))
            let unknown = try await hub.verify("0000-0000-0000", accept: "text/html")
            #expect(unknown.status == 404)
            #expect(unknown.text.contains("There is no such certificate"))
        }
    }

    // MARK: Revocation

    @Test func `a revoked certificate is invalid, with the time of its revocation`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new
            let (id, code) = try await hub.issue(.of(user))
            let revoked = try await hub.revoke(id)
            #expect(revoked.status == 200)
            hub.clock.advance(by: 60)
            #expect(try await hub.revoke(id)["revokedAt"] == revoked["revokedAt"], "again changes nothing")
            let answer = try await hub.verify(code)
            #expect(answer.object["valid"] as? Bool == false)
            #expect(answer["revokedAt"] == revoked["revokedAt"])
            #expect(answer["statement"] == nil)
            let page = try await hub.verify(code, accept: "text/html")
            #expect(page.text.contains("This certificate was revoked"))
            #expect(try await hub.correct(id, "Ada King", as: user).code == "certificate-final")
        }
    }

    @Test func `only administrators revoke, and only existing certificates`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new
            let (id, code) = try await hub.issue(.of(user))
            #expect(try await hub.revoke(id, as: .student(user)).code == "not-allowed")
            #expect(try await hub.revoke(id, as: .anonymous).code == "not-logged-in")
            #expect(try await hub.revoke(.make(at: CertificateHub.time)).code == "not-found")
            #expect(try await hub.verify(code).object["valid"] as? Bool == true)
        }
    }

    // MARK: The printed name

    @Test func `a name is corrected once, with a new PDF`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new
            let (id, code) = try await hub.issue(.of(user))
            let before = try await hub.file(id, as: .student(user)).body
            let corrected = try await hub.correct(id, "Augusta Ada King", as: user)
            #expect(corrected.status == 200)
            #expect(corrected["learnerName"] == "Augusta Ada King")
            let waiting = try await hub.file(id, as: .student(user))
            #expect(waiting.code == "too-busy")
            #expect(waiting.fields["retry-after"] == "2")
            try await hub.certificates.runTasks()
            #expect(try await hub.files() == ["certificates/\(id).2.pdf"], "the wrong one is gone")
            #expect(try await hub.file(id, as: .student(user)).body != before)
            let answer = try await hub.verify(code)
            #expect(answer["learnerName"] == "Augusta Ada King")
            #expect(try await hub.correct(id, "Ada", as: user).code == "certificate-final")
        }
    }

    @Test func `a fortnight after its issue a certificate is final`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new
            let (id, _) = try await hub.issue(.of(user))
            hub.clock.advance(by: 14 * 86_400 + 1)
            #expect(try await hub.correct(id, "Augusta Ada King", as: user).code == "certificate-final")
        }
    }

    @Test func `only the owner corrects a name, to a printable one`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new
            let (id, code) = try await hub.issue(.of(user))
            #expect(try await hub.correct(id, "Mallory", as: .new).code == "not-found")
            let refused = ["", "   ", "...", "Ada\\u202eecalevol", "Ada\\u0007", String(repeating: "a", count: 121)]
            for name in refused {
                let answer = try await hub.correct(id, name, as: user)
                #expect(answer.code == "invalid-body", "\(name)")
                #expect(answer.complaints == ["name"])
            }
            #expect(try await hub.verify(code)["learnerName"] == "Ada Lovelace")
            #expect(try await hub.correct(id, "می\\u200cخواهم", as: user).status == 200, "joiners belong to names")
        }
    }
}
