internal import Avro

/// `doctor`: checks what a hub needs and suggests remedies.
enum DoctorCommand {
    static let command = Command(
        "doctor",
        "Check a hub: services, settings, database, log, groups, schema registry, mail and storage. One line for each.",
        options: [.data, .json], examples: ["doctor", "doctor --data /var/lib/learning-hub"],
        notes: """
            Ends with exit code 1 when a check fails. Running processes are checked with the settings they were started with, which \
            they have stored in the database, not with the settings of this shell.
            """
    ) { arguments, console in
        let findings = await Doctor(arguments: arguments).examine()
        for finding in findings {
            if arguments.has(.json) { console.json(finding.json) } else { console.line(finding.text) }
        }
        let broken = findings.filter { $0.state == .broken }
        if !broken.isEmpty {
            throw CommandFailure("\(broken.map(\.part).joined(separator: ", ")): the lines above say what to do")
        }
    }
}

/// The result for one part.
struct Finding: Sendable {
    enum State: String, Sendable {
        case sound = "ok"
        case odd = "warning"
        case broken = "wrong"
    }

    let part: String
    let state: State
    let detail: String
    /// What to do about it.
    var remedy: String?

    var text: String {
        let mark =
            switch state {
            case .sound: "✔"
            case .odd: "!"
            case .broken: "✘"
            }
        return "\(mark) \(part.padding(20)) \(detail)\(remedy.map { " — \($0)" } ?? "")"
    }

    var json: JSONTree {
        .object([
            .init("check", .string(part)), .init("state", .string(state.rawValue)), .init("detail", .string(detail)),
            .init("remedy", .text(remedy)),
        ])
    }
}
