import EventLoop
import Foundation
import HTTP
import HubTesting
import Mail
import Testing

/// With a real SMTP server; one test at a time, each with its own server.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SMTPTransportTests {
    static let client = HTTPClient(loops: TestLoops.shared)

    func transport(_ url: String, timeout: Duration = .seconds(20)) throws -> SMTPTransport {
        SMTPTransport(url: try SMTPURL(url), client: Self.client, timeout: timeout)
    }

    func outcome(of transport: SMTPTransport, _ message: MailMessage) async -> MailError? {
        do throws(MailError) {
            try await transport.send(message)
            return nil
        } catch {
            return error
        }
    }

    func refusal(by transport: SMTPTransport) async throws -> MailRefusal? {
        if case .refused(let refusal) = await outcome(of: transport, try Samples.message()) { refusal } else { nil }
    }

    func isUnavailable(_ error: MailError?) -> Bool {
        if case .unavailable = error { true } else { false }
    }

    func isInterrupted(_ error: MailError?) -> Bool {
        if case .interrupted = error { true } else { false }
    }

    @Test func `a mail arrives with both its parts`() async throws {
        let server = try await SMTPServer()
        let headers = try #require(MailHeader.oneClickUnsubscribe(url: "https://hub.example.org/unsubscribe/abc"))
        try await transport(server.url).send(Samples.message(headers: headers))
        let mail = try #require(try await server.mails().first)
        #expect(mail.envelopeFrom == "hub@example.org")
        #expect(mail.envelopeTo == ["ana@example.org"])
        #expect(mail.fromName == "Learning Hub" && mail.toName == "Ana")
        #expect(mail.subject == "Welcome")
        #expect(mail.text == "Hello Ana" && mail.html == "<p>Hello Ana</p>")
        #expect(mail.contentTypes == ["multipart/alternative", "text/plain", "text/html"])
        #expect(mail.messageID == "<evt_1@example.org>")
        #expect(mail.secondsSinceEpoch == Samples.date.timeIntervalSince1970)
        #expect(mail.headers("List-Unsubscribe") == ["<https://hub.example.org/unsubscribe/abc>"])
        #expect(mail.defects.isEmpty && !mail.isEncrypted)
        await server.stop()
    }

    @Test func `names and texts of any script arrive unchanged`() async throws {
        let server = try await SMTPServer()
        let transport = try transport(server.url)
        for (index, text) in Samples.texts.enumerated() {
            let message = try Samples.message(
                fromName: text, toName: text, subject: text, text: text, html: "<p>\(text)</p>",
                eventID: "evt_\(index)")
            try await transport.send(message)
        }
        let mails = try await server.mails()
        #expect(mails.count == Samples.texts.count)
        for (mail, text) in zip(mails, Samples.texts) {
            #expect(mail.fromName == text)
            #expect(mail.toName == text)
            #expect(mail.subject == text)
            // A body may end with one more line end than it was given.
            #expect(mail.text?.trimmingSuffix("\n") == text)
            #expect(mail.html?.trimmingSuffix("\n") == "<p>\(text)</p>")
            #expect(mail.defects.isEmpty && mail.lineBytesMax <= 78)
        }
        await server.stop()
    }

    @Test func `any body arrives byte for byte`() async throws {
        let server = try await SMTPServer()
        let transport = try transport(server.url)
        var random = Repeatable(state: 11)
        let bodies =
            (0..<60).map { random.text(count: $0 * 7) } + ["", ".", "\n.\n", "..\n.", "From me\n.\n\nFrom you"]
        for body in bodies { try await transport.send(Samples.message(text: body, html: nil)) }
        for (mail, body) in zip(try await server.mails(), bodies) {
            let lines = body.replacingOccurrences(of: "\r\n", with: "\n").replacingOccurrences(of: "\r", with: "\n")
            #expect(mail.text == (lines.hasSuffix("\n") ? lines : lines + "\n"))
            #expect(mail.defects.isEmpty)
        }
        await server.stop()
    }

    @Test func `a hostile name adds no recipient`() async throws {
        let server = try await SMTPServer()
        let transport = try transport(server.url)
        for hostile in Samples.hostileTexts {
            try await transport.send(
                Samples.message(fromName: hostile, toName: hostile, subject: hostile, text: hostile, html: hostile))
        }
        let mails = try await server.mails()
        #expect(mails.count == Samples.hostileTexts.count)
        for mail in mails {
            #expect(mail.envelopeTo == ["ana@example.org"] && mail.recipientCount == 1)
            #expect(mail.headers("bcc") == [])
        }
        await server.stop()
    }

    // MARK: TLS and log-in

    @Test func `STARTTLS is used when it is offered`() async throws {
        let server = try await SMTPServer(tls: .starttls)
        try await transport(server.url).send(Samples.message())
        #expect(try await server.mails().first?.isEncrypted == true)
        await server.stop()
    }

    @Test func `smtps uses TLS from the first byte`() async throws {
        let server = try await SMTPServer(tls: .implicit)
        try await transport(server.url).send(Samples.message())
        #expect(try await server.mails().first?.isEncrypted == true)
        await server.stop()
    }

    @Test func `nothing is sent in clear text if TLS is required`() async throws {
        let server = try await SMTPServer()
        #expect(isUnavailable(await outcome(of: try transport(server.url + "?tls=required"), try Samples.message())))
        #expect(try await server.mailCount() == 0)
        await server.stop()
    }

    @Test(arguments: [SMTPServer.TLS.required, .implicit])
    func `a server without a trusted certificate gets no mail`(tls: SMTPServer.TLS) async throws {
        let server = try await SMTPServer(tls: tls)
        let untrusted = String(server.url.prefix { $0 != "?" })
        #expect(isUnavailable(await outcome(of: try transport(untrusted), try Samples.message())))
        let wrongName = server.url.replacingOccurrences(of: "localhost:", with: "127.0.0.2:")
        #expect(isUnavailable(await outcome(of: try transport(wrongName), try Samples.message())))
        #expect(try await server.mailCount() == 0)
        await server.stop()
    }

    @Test(arguments: [SMTPServer.TLS.none, .starttls, .implicit])
    func `user and password are sent to a server that requires them`(tls: SMTPServer.TLS) async throws {
        let server = try await SMTPServer(tls: tls, user: "hub@x", password: "p/w: é")
        try await transport(server.url).send(Samples.message())
        #expect(try await server.mails().first?.user == "hub@x")
        let wrong = server.url.replacingOccurrences(of: "p%2Fw", with: "wrong")
        #expect(try await refusal(by: try transport(wrong))?.description == "AUTH answered 535 5.7.8")
        #expect(try await server.mailCount() == 1)
        await server.stop()
    }

    // MARK: Failures

    @Test func `a temporary refusal puts the mail off, and the next attempt succeeds`() async throws {
        let server = try await SMTPServer()
        let transport = try transport(server.url)
        for stage in [SMTPServer.Stage.rcpt, .data, .message] {
            for code in [421, 450, 451, 452] {
                try await server.clear()
                try await server.answer(.refuse(code: code, stage: stage, times: 1))
                #expect(try await refusal(by: transport)?.verdict == .putOff)
                #expect(try await server.mailCount() == 0)
                try await transport.send(Samples.message())
                #expect(try await server.mailCount() == 1)
            }
        }
        await server.stop()
    }

    @Test(
        arguments: zip(
            [SMTPServer.Stage.greeting, .ehlo, .auth, .mail, .rcpt, .data, .message],
            [SMTPStage.greeting, .hello, .logIn, .sender, .recipient, .data, .message]))
    func `a refusal has its code and the refused command`(asked: SMTPServer.Stage, stage: SMTPStage) async throws {
        let server = try await SMTPServer(user: "u", password: "MAIL FROM:")
        for code in [454, 530, 554] {
            let transport = try transport(server.url)
            try await server.answer(.refuse(code: code, text: "5.7.0 asked for by the test", stage: asked))
            #expect(try await refusal(by: transport)?.description == "\(stage) answered \(code) 5.7.0")
            try await server.answer(.accept)
            try await transport.send(Samples.message())
        }
        #expect(try await server.mailCount() == 3)
        await server.stop()
    }

    @Test func `a server that refuses required TLS gets nothing in clear text`() async throws {
        let server = try await SMTPServer(tls: .starttls)
        try await server.answer(.refuse(code: 454, stage: .starttls))
        let transport = try transport(server.url + "&tls=required")
        #expect(isUnavailable(await outcome(of: transport, try Samples.message())))
        try await server.answer(.accept)
        try await transport.send(Samples.message())
        #expect(try await server.mails().map(\.isEncrypted) == [true])
        await server.stop()
    }

    @Test func `a broken connection is reported, and the next attempt succeeds`() async throws {
        let server = try await SMTPServer()
        let transport = try transport(server.url)
        try await server.answer(.close)
        #expect(isInterrupted(await outcome(of: transport, try Samples.message())))
        try await server.answer(.accept)
        try await transport.send(Samples.message())
        #expect(try await server.mailCount() == 1)
        await server.stop()
    }

    @Test func `a mail has the same id after a server accepted it without a reply`()
        async throws
    {
        let server = try await SMTPServer()
        let transport = try transport(server.url)
        try await server.answer(.takeAndClose)
        #expect(isInterrupted(await outcome(of: transport, try Samples.message())))
        try await server.answer(.accept)
        try await transport.send(Samples.message())
        let mails = try await server.mails()
        #expect(mails.count == 2)
        #expect(Set(mails.map(\.messageID)) == ["<evt_1@example.org>"])
        await server.stop()
    }

    @Test func `a server that never replies to QUIT delays no other mail`() async throws {
        let (farewells, farewell) = AsyncStream.makeStream(of: String?.self)
        let server = try RawServer { socket in
            for reply in ["220 hi", "250 hi", "530 5.7.0 no"] {
                try await socket.send(reply + "\r\n")
                _ = try await socket.read { $0.hasSuffix("\r\n") }
            }
            // Until we hang up; nil when we wait for an answer.
            farewell.yield(try? await socket.readToEnd())
        }
        let transport = try transport("smtp://127.0.0.1:\(server.port)?tls=off")
        #expect(try await refusal(by: transport)?.description == "MAIL FROM answered 530 5.7.0")
        for await heard in farewells {
            #expect(heard == "")
            break
        }
    }

    @Test func `an attempt at a server without replies times out`() async throws {
        let server = try await SMTPServer()
        try await server.answer(.hang)
        let transport = try transport(server.url, timeout: .milliseconds(500))
        #expect(isUnavailable(await outcome(of: transport, try Samples.message())))
        await server.stop()
    }

    @Test func `a cancelled call returns at once`() async throws {
        let server = try await SMTPServer()
        try await server.answer(.hang)
        let transport = try transport(server.url, timeout: .seconds(600))
        let message = try Samples.message()
        let sending = Task { await outcome(of: transport, message) }
        try await eventually { try await server.connectionCount() == 1 }
        sending.cancel()
        #expect(await sending.value == .cancelled)
        await server.stop()
    }

    @Test func `a server that is down is unavailable, and used again when it is back`() async throws {
        let server = try await SMTPServer()
        let transport = try transport(server.url)
        try await transport.send(Samples.message())
        try await server.goDown()
        // The first try may still use the kept connection and lose it.
        let first = await outcome(of: transport, try Samples.message())
        #expect(isUnavailable(first) || isInterrupted(first))
        #expect(isUnavailable(await outcome(of: transport, try Samples.message())))
        try await server.goUp()
        try await transport.send(Samples.message())
        #expect(try await server.mailCount() == 2)
        await server.stop()
    }

    @Test func `a host that does not exist is unavailable`() async throws {
        let error = await outcome(of: try transport("smtp://no-such-host.invalid"), try Samples.message())
        #expect(isUnavailable(error))
    }

    // MARK: Many

    @Test(arguments: [SMTPServer.TLS.none, .starttls])
    func `one connection carries many mails`(tls: SMTPServer.TLS) async throws {
        let server = try await SMTPServer(tls: tls, user: "u", password: "p")
        let transport = try transport(server.url)
        try await TestLoops.shared.next().run("mails") {
            for _ in 0..<20 { try await transport.send(Samples.message()) }
        }
        #expect(try await server.mailCount() == 20)
        #expect(try await server.connectionCount() == 1)
        await server.stop()
    }

    @Test func `many concurrent mails arrive once each`() async throws {
        let server = try await SMTPServer()
        let transport = try transport(server.url)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<200 {
                group.addTask { try await transport.send(Samples.message(eventID: "evt_\(index)")) }
            }
            try await group.waitForAll()
        }
        let mails = try await server.mails()
        #expect(mails.count == 200)
        #expect(Set(mails.map(\.messageID)).count == 200)
        await server.stop()
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
