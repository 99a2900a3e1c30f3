import Contracts
import HTTP
import HubTesting
import ObjectStore
import Platform
import Postgres
import Secrets
import ServiceTesting
import Testing

@testable import Certificate

@Suite struct IssueTests {
    @Test func `a completed course leads to a certificate with its file`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new, completion = EnrollmentCompleted.of(user)
            let (id, code) = try await hub.issue(completion)
            let item = try #require(try await hub.list(of: user).items.first)
            #expect(item["courseTitle"] as? String == "Distributed Systems")
            #expect(item["learnerName"] as? String == "Ada Lovelace")
            #expect(item["courseId"] as? String == completion.courseID.rawValue)
            #expect(item["issuedAt"] is String)
            #expect(code.wholeMatch(of: /[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/) != nil)
            let file = try await hub.file(id, as: .student(user))
            #expect(file.status == 200)
            #expect(file.fields["content-type"] == "application/pdf")
            #expect(file.body.starts(with: "%PDF-".utf8))
            #expect(try await hub.files() == ["certificates/\(id).1.pdf"])
        }
    }

    @Test func `a certificate is not visible before its PDF exists`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new
            try await hub.certificates.deliver(EnrollmentCompleted.of(user))
            #expect(try await hub.list(of: user).items.isEmpty)
            let code = try await hub.certificates.database.query("select code from certificate").first?
                .decode(String.self)
            #expect(try await hub.verify(try #require(code)).status == 404)
        }
    }

    @Test func `a repeated event, and another event of the enrolment, lead to one certificate`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new, completion = EnrollmentCompleted.of(user), id = EventID.make(at: CertificateHub.time)
            #expect(try await hub.certificates.deliver(completion, id: id))
            #expect(try await !hub.certificates.deliver(completion, id: id))
            try await hub.certificates.deliver(completion)
            try await hub.certificates.deliver(completion, id: id, isReplay: true)
            try await hub.certificates.runTasks()
            #expect(try await hub.list(of: user).items.count == 1)
            #expect(try await hub.files().count == 1)
        }
    }

    @Test func `events of one learner in one batch each lead to their certificate`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new, twice = EnrollmentCompleted.of(user)
            #expect(try await hub.certificates.deliver(together: [twice, EnrollmentCompleted.of(user), twice]) == 3)
            try await hub.certificates.runTasks()
            #expect(try await hub.list(of: user).items.count == 2)
        }
    }

    @Test func `after a crash between file and row the same file is drawn again`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new
            try await hub.certificates.deliver(EnrollmentCompleted.of(user))
            let operations = hub.certificates.service.operations
            // The row cannot be written, as if the process had been killed there.
            try await hub.certificates.database.execute(
                """
                create function kill() returns trigger language plpgsql as $$ begin raise exception 'killed'; end $$
                """)
            try await hub.certificates.database.execute(
                """
                create trigger killed before update on certificate for each row when (new.issued_at is not null)
                execute function kill()
                """)
            _ = try await hub.certificates.runTasks()
            let first = try await hub.files()
            #expect(first.count == 1)
            #expect(try await hub.list(of: user).items.isEmpty)
            let bytes = try await operations.objects.get(try ObjectKey(first[0]))?.body.collect(bytesMax: 1_000_000)

            // Later changes of account and course names have no effect on the certificate.
            hub.others.set { ($0.firstName, $0.title) = ("Augusta", "Another title") }
            try await hub.certificates.database.execute("drop trigger killed on certificate")
            hub.clock.advance(by: 3_600)
            try await hub.certificates.runTasks()
            #expect(try await hub.list(of: user).items.count == 1)
            #expect(try await hub.files() == first)
            let again = try await operations.objects.get(try ObjectKey(first[0]))?.body.collect(bytesMax: 1_000_000)
            #expect(again == bytes)
        }
    }

    @Test func `a certificate waits while user or course is down`() async throws {
        try await CertificateHub.with { hub in
            let user = UserID.new
            hub.others.set { $0.isDown = true }
            try await hub.certificates.deliver(EnrollmentCompleted.of(user))
            try await hub.certificates.runTasks()
            #expect(try await hub.list(of: user).items.isEmpty)
            hub.others.set { $0.isDown = false }
            hub.clock.advance(by: 3_600)
            try await hub.certificates.runTasks()
            #expect(try await hub.list(of: user).items.count == 1)
        }
    }

    @Test func `a certificate is in the learner's language, with the score if there is one`() {
        let date = CertificateHub.time
        #expect(Wording.of(.init(locale: "de-AT")).facts(date, score: 93.46) == "15. Januar 2027  ·  Ergebnis 93,5 %")
        #expect(Wording.of(.init(locale: "fr")).facts(date, score: 100) == "15 January 2027  ·  Final score 100 %")
        #expect(Wording.of(.init(locale: nil)).facts(date, score: nil) == "15 January 2027")
        #expect(Wording.of(.english).facts(date, score: .nan) == "15 January 2027  ·  Final score 0 %")
    }

    @Test func `a code is found in any spelling of case and hyphens`() {
        var random = SecureRandom()
        let code = VerificationCode(random: &random)
        #expect(VerificationCode(typed: code.text) == code)
        #expect(VerificationCode(typed: code.text.lowercased().replacing("-", with: " ")) == code)
        #expect(VerificationCode(typed: "olio-OLIO-0110")?.text == "0110-0110-0110")
        for text in ["", "7K4Q", "7K4Q-9XMD-22FU", "7K4Q-9XMD-22F\u{E9}", String(repeating: "-", count: 100)] {
            #expect(VerificationCode(typed: text) == nil)
        }
    }
}
