internal import Avro
internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The codec of an event of ten fields, the same record as the twin's.
enum AvroBench {
    private static let runs = 11
    private static let repeats = 100_000

    static let rows = [
        BenchRow(name: "avro.encode", unit: .nanoseconds) { _ in
            let quiz = try quiz()
            var bytes = 0
            return Measurement(time { bytes &+= quiz.encoded().count }, twin: try twin("avro.encode"))
        },
        BenchRow(name: "avro.decode", unit: .nanoseconds) { _ in
            let message = try quiz().encoded()
            return Measurement(
                try time {
                    if try QuizSubmitted(avro: message).attempt != 2 {
                        throw CommandFailure("the decoded value differs from the encoded one")
                    }
                },
                twin: try twin("avro.decode"))
        },
        BenchRow(name: "avro.decode-evolved", unit: .nanoseconds) { _ in
            let (plan, message) = try evolved()
            return Measurement(
                try time {
                    if try QuizSubmitted(avro: message, by: plan).attempt != 2 {
                        throw CommandFailure("the decoded value differs from the encoded one")
                    }
                })
        },
    ]

    /// Nanoseconds per operation of each run, in CPU time of this thread, so that other processes do not count.
    private static func time(_ operation: () throws -> Void) rethrows -> [Double] {
        try (0..<runs).map { _ in
            let start = threadNanoseconds()
            for _ in 0..<repeats { try operation() }
            return Double(threadNanoseconds() - start) / Double(repeats)
        }
    }

    private static func quiz() throws -> QuizSubmitted {
        QuizSubmitted(
            submissionID: try SubmissionID(validating: "sbm_01hm9x3k5v7b9d1f3h5k7n9q1s"),
            quizID: try QuizID(validating: "quz_01hm9x3k5v7b9d1f3h5k7n9q1t"),
            courseID: try CourseID(validating: "crs_01hm9x3k5v7b9d1f3h5k7n9q1v"),
            userID: try UserID(validating: "usr_01hm9x3k5v7b9d1f3h5k7n9q1w"), attempt: 2, score: 17.5, maxScore: 20,
            percent: 87.5, passed: true, submittedAt: Date(timeIntervalSince1970: 1_705_428_000))
    }

    /// A message whose writer schema has an extra field.
    private static func evolved() throws -> (ResolutionPlan, [UInt8]) {
        let event = try JSONTree(parsing: QuizSubmitted.schema.compactText)
        guard let data = event["fields"]?.items?.first(where: { $0["name"]?.text == "data" })?["type"],
            case .object(let members) = data, let fields = data["fields"]?.items
        else { throw CommandFailure("the schema of the event has no field data") }
        let added = try JSONTree(parsing: #"{"name": "hint", "type": ["null", "string"], "default": null}"#)
        let wider = JSONTree.object(
            members.map { $0.name == "fields" ? .init("fields", .array(fields + [added])) : $0 })
        let plan = try ResolutionPlan(
            writer: try Schema(parsing: wider.compactText()), reader: try Schema(parsing: data.compactText()))
        // The branch of the union, then the text.
        return (plan, try quiz().encoded() + [2, 8] + Array("seen".utf8))
    }

    /// The twin's output: a line per measurement: name, nanoseconds.
    private static func twin(_ name: String) throws -> [Double] {
        guard let folder = BenchHub.twins else { return [] }
        let process = try ChildProcess(["\(folder)/avro-twin"])
        while let line = process.line() {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == name, let value = Double(words[1]) { return [value] }
        }
        return []
    }
}
