internal import Foundation

/// A real SMTP server (`aiosmtpd`) on a free loopback port, which does as the test asks.
///
/// It runs in a process of its own that ends with ``stop()``, and with the tests in any case.
public actor SMTPServer {
    /// Whether and how the server speaks TLS, with a certificate of its own for `localhost`; see ``certificateFile``.
    public enum TLS: String, Sendable {
        case none, starttls, required, implicit
    }

    /// At which command the server refuses; `message` is the mail itself.
    public enum Stage: String, Sendable, Encodable, CaseIterable {
        case greeting, ehlo, starttls, auth, mail, rcpt, data, message
    }

    /// What the server does with the next mails.
    public enum Answer: Sendable {
        case accept
        /// Answers with `code` and `text`, the next `times` times or for good.
        case refuse(code: Int, text: String = "asked for by the test", stage: Stage = .message, times: Int? = nil)
        /// Breaks the connection when the mail is there.
        case close
        /// Takes the mail and breaks the connection before saying so.
        case takeAndClose
        /// Never answers.
        case hang
    }

    public nonisolated let port: Int
    public nonisolated let tls: TLS
    private nonisolated let user: String?
    private nonisolated let password: String?
    private let process: Process
    private let commands: FileHandle
    private let answers: LineReader

    /// Starts a server.
    /// - Parameters:
    ///   - user: when given, who hands mail over must log in with it and `password`.
    public init(tls: TLS = .none, user: String? = nil, password: String? = nil) async throws {
        let process = Process()
        let input = Pipe(), output = Pipe()
        process.executableURL = try TestPython.executable()
        process.arguments = [
            Self.scripts.appending(path: "smtp-server.py").path, "--tls", tls.rawValue, "--certificate",
            Self.certificateFile,
        ]
        if let user { process.arguments? += ["--user", user, "--password", password ?? ""] }
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let answers = LineReader(output.fileHandleForReading)
        let started = try JSONDecoder().decode(Started.self, from: try await answers.next())
        self.process = process
        self.answers = answers
        commands = input.fileHandleForWriting
        port = started.port
        self.tls = tls
        self.user = user
        self.password = password
    }

    /// A value for `SMTP_URL`, log-in and trust included.
    public nonisolated var url: String {
        let scheme = tls == .implicit ? "smtps" : "smtp"
        let credentials = user.map { "\(Self.escaped($0)):\(Self.escaped(password ?? ""))@" } ?? ""
        let trust = tls == .none ? "" : "?ca=\(Self.certificateFile)"
        return "\(scheme)://\(credentials)localhost:\(port)\(trust)"
    }

    /// A file with the certificate the servers show: who trusts it trusts them.
    public static var certificateFile: String { scripts.appending(path: "localhost.pem").path }

    /// What came in so far, in order.
    /// - Parameter address: only mails to it.
    public func mails(to address: String? = nil) async throws -> [ReceivedMail] {
        try await ask(Command(do: "mails", to: address), for: [ReceivedMail].self)
    }

    public func mailCount() async throws -> Int { try await counts().mails }

    /// Connections made to the server since it started.
    public func connectionCount() async throws -> Int { try await counts().connections }

    public func answer(_ answer: Answer) async throws {
        try await tell(Command(do: "answer", answer: Command.Answer(answer)))
    }

    public func clear() async throws { try await tell(Command(do: "clear")) }

    /// Stops listening and breaks every connection: the server is down until ``goUp()``, which listens on the same port again.
    public func goDown() async throws { try await tell(Command(do: "down")) }

    public func goUp() async throws { try await tell(Command(do: "up")) }

    public func stop() {
        try? commands.close()
        process.terminate()
    }

    private func counts() async throws -> Counts { try await ask(Command(do: "counts"), for: Counts.self) }

    private func tell(_ command: Command) async throws { _ = try await ask(command, for: Nothing.self) }

    private func ask<Answer: Decodable & Sendable>(_ command: Command, for: Answer.Type) async throws -> Answer {
        // Sent before the first suspension, so answers come in the order in which they are waited for.
        try commands.write(contentsOf: JSONEncoder().encode(command) + Data("\n".utf8))
        return try JSONDecoder().decode(Answer.self, from: try await answers.next())
    }

    static var scripts: URL { URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scripts") }

    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}

private struct Started: Decodable { let port: Int }
private struct Counts: Decodable { let mails, connections: Int }
private struct Nothing: Decodable {}

private struct Command: Encodable {
    struct Answer: Encodable {
        var mode = "accept"
        var code: Int?
        var text: String?
        var stage: SMTPServer.Stage?
        var times: Int?

        init(_ answer: SMTPServer.Answer) {
            switch answer {
            case .accept: break
            case .refuse(let code, let text, let stage, let times):
                mode = "refuse"
                (self.code, self.text, self.stage, self.times) = (code, text, stage, times)
            case .close: mode = "close"
            case .takeAndClose: mode = "take-and-close"
            case .hang: mode = "hang"
            }
        }
    }

    var `do`: String
    var to: String?
    var answer: Answer?
}
