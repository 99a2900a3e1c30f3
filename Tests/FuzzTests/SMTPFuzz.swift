import Foundation
import HTTP
import HubTesting
import Mail
import Synchronization
import Testing

/// The SMTP client against a server that sends anything, in pieces, endlessly, or nothing.
struct SMTPFuzz {
    private static let mutator = Mutator(
        corpus: [
            "220 mail.example.org ESMTP\r\n",
            "250-mail.example.org\r\n250-SIZE 1000\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n",
            "250 2.1.0 Ok\r\n", "354 go on\r\n", "334 VXNlcm5hbWU6\r\n", "235 2.7.0 in\r\n", "221 bye\r\n",
            "550-5.1.1 <a@b.c>:\r\n550 5.1.1 no such user\r\n", "450 4.7.1 later\r\n", "421 closing\r\n",
            "530 5.7.0 log in\r\n",
        ],
        tokens: [
            "\r\n", "\n", "\r", "-", " ", "250", "250-", "354", "550", "5.7.1", "AUTH ", "SIZE ", "STARTTLS", "\u{0}",
            "999", "25", "1000",
        ], byteCountMax: 100_000)

    /// The script of a server for one round: replies, each in pieces, and the data after the last one.
    private struct Script: Sendable {
        enum End: CaseIterable, Sendable {
            case close, reset, halfClose, silence, endless
        }

        var replies: [[[UInt8]]]
        var end: End

        init(_ chance: inout Chance) {
            let polite = [
                "220 hi\r\n", "250 hi\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 taken\r\n", "221 bye\r\n",
            ]
            let politeCount = chance.number(0...polite.count)
            let rude = (0..<chance.number(0...6)).map { _ in SMTPFuzz.mutator.input(&chance) }
            replies = (polite.prefix(politeCount).map { Array($0.utf8) } + rude).map {
                chance.pieces(of: $0, atMost: 4)
            }
            end = chance.pick(End.allCases)
        }
    }

    /// The script of the next connections, and the number of open ones.
    private final class Stage: Sendable {
        private let script = Mutex<Script?>(nil)
        private let open = Atomic(0)

        var openCount: Int { open.load(ordering: .relaxed) }
        func set(_ next: Script) { script.withLock { $0 = next } }

        func serve(_ socket: RawSocket) async throws {
            open.add(1, ordering: .relaxed)
            defer { open.subtract(1, ordering: .relaxed) }
            guard let script = script.withLock({ $0 }) else { return }
            for reply in script.replies {
                for piece in reply { try await socket.send(piece) }
                // A mail has many lines; the reply follows the last one.
                let heard = try await socket.read { $0.hasSuffix("\r\n") }
                if heard.isEmpty { return }
            }
            switch script.end {
            case .close: return
            case .reset: return socket.reset()
            case .halfClose: socket.shutdownSending()
            case .silence: break
            case .endless:
                let lines = Array(String(repeating: "250-and so on\r\n", count: 1_000).utf8)
                while true { try await socket.send(lines) }
            }
            // Until the client disconnects, which is what the test checks.
            _ = try await socket.readToEnd()
        }
    }

    @Test func `a hostile mail server fails only its own mail, and no connection remains`() async throws {
        let stage = Stage()
        let server = try RawServer { try await stage.serve($0) }
        let client = HTTPClient(loops: TestLoops.shared)
        let from = Mailbox(address: try #require(EmailAddress("hub@example.org")))
        let to = Mailbox(address: try #require(EmailAddress("ada@example.org")))
        try await Fuzz.run("SMTP", rounds: 20) { chance in
            stage.set(Script(&chance))
            let login = chance.happens(onceIn: 2) ? "u:p@" : ""
            do {
                let transport = SMTPTransport(
                    url: try SMTPURL("smtp://\(login)127.0.0.1:\(server.port)?tls=off"), client: client,
                    connectTimeout: .milliseconds(300), timeout: .milliseconds(300), connectionsMax: 1)
                for number in 0..<chance.number(1...3) {
                    let message = try MailMessage(
                        from: from, to: to, subject: "s", text: "t", html: nil,
                        messageID: MessageID(eventID: "evt_\(number)", domain: "example.org"), date: Date())
                    do throws(MailError) { try await transport.send(message) } catch { continue }
                }
            }
            try await eventually(within: .seconds(30), "no connection is left") { stage.openCount == 0 }
        }
        await client.close()
    }
}
