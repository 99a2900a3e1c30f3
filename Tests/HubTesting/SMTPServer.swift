internal import Foundation

/// A real SMTP server (`aiosmtpd`) on a free loopback port, controlled by the test.
///
/// It runs in its own process, which ends with ``stop()``, at the latest with the tests.
public actor SMTPServer {
    /// The TLS mode of the server, with a self-signed certificate for `localhost`; see ``certificateFile``.
    public enum TLS: String, Sendable {
        case none, starttls, required, implicit
    }

    /// The command that the server refuses; `message` is the mail itself.
    public enum Stage: String, Sendable, Encodable, CaseIterable {
        case greeting, ehlo, starttls, auth, mail, rcpt, data, message
    }

    /// The behaviour of the server for the next mails.
    public enum Answer: Sendable {
        case accept
        /// Replies with `code` and `text`, the next `times` times or always.
        case refuse(code: Int, text: String = "asked for by the test", stage: Stage = .message, times: Int? = nil)
        /// Closes the connection after the mail was received.
        case close
        /// Accepts the mail and closes the connection before the reply.
        case takeAndClose
        /// Never replies.
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
    ///   - user: if set, clients must log in with it and `password`.
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

    /// The certificate of the servers, for clients to trust.
    public static var certificateFile: String { scripts.appending(path: "localhost.pem").path }

    /// The mails received so far, in order.
    /// - Parameter address: only mails to this address.
    public func mails(to address: String? = nil) async throws -> [ReceivedMail] {
        try await ask(Command(do: "mails", to: address), for: [ReceivedMail].self)
    }

    public func mailCount() async throws -> Int { try await counts().mails }

    /// The number of connections since the start.
    public func connectionCount() async throws -> Int { try await counts().connections }

    public func answer(_ answer: Answer) async throws {
        try await tell(Command(do: "answer", answer: Command.Answer(answer)))
    }

    public func clear() async throws { try await tell(Command(do: "clear")) }

    /// Stops listening and closes all connections: the server is down until ``goUp()``, which uses the same port.
    public func goDown() async throws { try await tell(Command(do: "down")) }

    public func goUp() async throws { try await tell(Command(do: "up")) }

    public func stop() {
        try? commands.close()
        process.terminate()
    }

    private func counts() async throws -> Counts { try await ask(Command(do: "counts"), for: Counts.self) }

    private func tell(_ command: Command) async throws { _ = try await ask(command, for: Nothing.self) }

    private func ask<Answer: Decodable & Sendable>(_ command: Command, for: Answer.Type) async throws -> Answer {
        // Sent before the first suspension, so replies arrive in the order of their waiters.
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
