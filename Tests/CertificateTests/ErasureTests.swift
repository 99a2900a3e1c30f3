import Contracts
import HTTP
import HubTesting
import ObjectStore
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Certificate

@Suite struct ErasureTests {
    private static let personal: [String] = ["Ada", "Lovelace", "93.5"]

    @Test func `after erasure the code returns 410, and no personal data remain`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new
            let (id, code) = try await hub.issue(.of(user))
            try await hub.erase(user)
            try await hub.certificates.runTasks()
            #expect(try await hub.files().isEmpty)
            for accept in ["application/json", "text/html"] {
                let answer = try await hub.verify(code, accept: accept)
                #expect(answer.status == 410)
                for text in Self.personal { #expect(!answer.text.contains(text)) }
            }
            #expect(try await hub.verify(code).code == "certificate-erased")
            #expect(try await hub.list(of: user).items.isEmpty)
            #expect(try await hub.file(id, as: .student(user)).code == "not-found")
            #expect(try await hub.correct(id, "Ada King", as: user).code == "not-found")
            #expect(try await hub.revoke(id).code == "not-found")
            let kept = try await hub.certificates.database.query("select c::text from certificate c").first?
                .decode(String.self)
            for text in Self.personal { #expect(kept?.contains(text) == false) }
        }
    }

    @Test func `an erasure is complete only after the file is deleted`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new
            _ = try await hub.issue(.of(user))
            try await hub.erase(user)
            #expect(try await hub.files().count == 1)
            #expect(try await hub.told(user) == 404)
            try await hub.certificates.runTasks()
            #expect(try await hub.files().isEmpty)
            #expect(try await hub.told(user) == 200)
        }
    }

    @Test func `a repeated, simultaneous or earlier erasure leaves no certificate`()
        async throws
    {
        try await CertificateHub.with { hub in
            let user = UserID.new, event = UserDeleted(userID: user, deletedAt: hub.clock.now)
            try await hub.certificates.deliver(together: [
                EnrollmentCompleted.of(user), event, EnrollmentCompleted.of(user),
            ])
            let id = EventID.make(at: CertificateHub.time)
            try await hub.certificates.deliver(event, id: id)
            #expect(try await !hub.certificates.deliver(event, id: id))
            try await hub.certificates.deliver(EnrollmentCompleted.of(user))
            try await hub.certificates.runTasks()
            #expect(try await hub.list(of: user).items.isEmpty)
            #expect(try await hub.files().isEmpty)
            #expect(try await hub.certificates.count("select count(*) from certificate where erased_at is null") == 0)
            #expect(
                try await hub.certificates.count("select count(*) from certificate") == 1, "what came after made none")
        }
    }

    @Test func `a file drawn during the erasure is deleted too`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new
            try await hub.certificates.deliver(EnrollmentCompleted.of(user))
            // As if the erasure committed after the file was stored, and before the row was updated.
            try await hub.certificates.database.execute(
                """
                create function erase_meanwhile() returns trigger language plpgsql as $$ begin
                    if new.issued_at is not null then return null; end if; return new;
                end $$
                """)
            try await hub.certificates.database.execute(
                "create trigger meanwhile before update on certificate for each row execute function erase_meanwhile()")
            try await hub.certificates.runTasks()
            #expect(try await hub.files().count == 1)
            try await hub.certificates.database.execute("drop trigger meanwhile on certificate")
            try await hub.erase(user)
            try await hub.certificates.runTasks()
            #expect(try await hub.files().isEmpty)
        }
    }

    @Test func `a learner erased at user gets no new certificate, and the event's handler erases the earlier one`()
        async throws
    {
        try await CertificateHub.with { hub in
            let user = UserID.new
            let (id, _) = try await hub.issue(.of(user))
            hub.others.set { ($0.firstName, $0.lastName) = (nil, nil) }
            try await hub.certificates.deliver(EnrollmentCompleted.of(user))
            try await hub.certificates.runTasks()
            #expect(try await hub.list(of: user).items.map { $0["id"] as? String } == [id.rawValue])
            #expect(try await hub.files().count == 1)
            try await hub.erase(user)
            #expect(try await hub.told(user) == 404)
            try await hub.certificates.runTasks()
            #expect(try await hub.files().isEmpty)
            #expect(try await hub.told(user) == 200)
            #expect(try await hub.certificates.count("select count(*) from certificate where erased_at is null") == 0)
        }
    }
}
