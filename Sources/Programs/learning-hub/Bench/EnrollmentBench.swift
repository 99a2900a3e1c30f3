internal import Avro
internal import Contracts
internal import Enrollment
internal import Observability
internal import Platform
internal import Postgres
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The enrollment service alone enrols learners, without the gateway and event consumers; compared with pgbench, which runs the same
/// statements one by one on as many connections.
enum EnrollmentBench {
    private static let runs = 5
    private static let connections = 32
    private static let requestsOfRun = 4_000
    private static let learnerCount = 1_000

    static let rows = [
        BenchRow(name: "enrollments.service", unit: .perSecond) { hub in
            var environment = try await hub.environment()
            environment[PlatformSettings.port(of: .enrollment).name] = "0"
            let settings = try Settings(commandLine: environment)
            let process = try await HubProcess.start(
                [EnrollmentService.self], command: "bench", settings: settings, topics: .apply)
            let loads = await outcome { try orders(process, settings) }
            // Its relay must not send pgbench's rows as events.
            await process.stop()
            let url = environment[PlatformSettings.databaseURL.name] ?? ""
            let pgbench = try await hub.running().programsFolder() + "/pgbench"
            let twins = try (0..<runs).map { _ in try twin(pgbench, url) }
            return Measurement(try loads.get(), twin: twins)
        }
    ]

    /// Enrolments per second, each in a course new to the learner.
    private static func orders(_ process: HubProcess, _ settings: Settings) throws -> [Double] {
        let seal = try IdentitySeal(secret: settings.value(PlatformSettings.identitySecret)) {
            WallClock.millisecondsSinceEpoch
        }
        let time = Date()
        let learners = (0..<learnerCount).map { _ in UserID.make(at: time) }
        return try (0...runs).map { _ in
            // An identity is valid for 30 s.
            let requests = (0..<requestsOfRun).map { index in
                order(by: learners[index % learnerCount], in: .make(at: time), seal)
            }
            return try LoadGenerator(port: process.port(of: .enrollment) ?? 0, connections: connections)
                .run(requests).perSecond
        }.dropFirst().map { $0 }
    }

    private static func order(by learner: UserID, in course: CourseID, _ seal: IdentitySeal) -> [UInt8] {
        let target = "/internal/enrollments"
        let body = JSONTree.texts(["userId": learner.rawValue, "courseId": course.rawValue, "source": "FREE"])
            .compactText()
        let identity = seal.header(
            for: .service(.payment), method: "POST", target: target, body: Array(body.utf8))
        return LoadGenerator.request(
            "POST", target: target,
            fields: [
                "\(IdentitySeal.fieldName): \(identity)", "Idempotency-Key: \(SecureRandom.token(byteCount: 12))",
            ], body: body)
    }

    // MARK: The twin

    private static let script = """
        \\set learner random(1, \(learnerCount))
        \\set course random(1, 1000000000)
        begin;
        insert into idempotency_key as k (digest, fingerprint)
            values (sha256((:learner || '.' || :course)::bytea), sha256('b'))
            on conflict (digest) do update set fingerprint = k.fingerprint returning fingerprint, made;
        insert into learner (user_id) values ('usr_' || :learner)
            on conflict (user_id) do update set user_id = excluded.user_id returning erased_at is not null;
        update enrollment set state = 'EXPIRED'
            where user_id = 'usr_' || :learner and course_id = 'crs_' || :course
                and state = 'PENDING_PAYMENT' and reserved_until <= now();
        insert into enrollment (id, user_id, course_id, source, state, enrolled_at)
            values ('enr_' || :learner || '.' || :course, 'usr_' || :learner, 'crs_' || :course, 'FREE', 'ACTIVE', now())
            on conflict (user_id, course_id) where state in ('PENDING_PAYMENT', 'ACTIVE', 'COMPLETED') do nothing;
        select from lesson_grade where user_id = 'usr_' || :learner and course_id = 'crs_' || :course limit 1;
        update idempotency_key set made = 'enr_' || :learner || '.' || :course
            where digest = sha256((:learner || '.' || :course)::bytea);
        insert into outbox (topic, key, event_id, headers, value)
            values ('enrollment.created', ('usr_' || :learner)::bytea, 'evt_' || :course, repeat('h', 300)::bytea,
                repeat('v', 150)::bytea);
        commit;
        """

    private static func twin(_ pgbench: String, _ url: String) throws -> Double {
        let path = "/tmp/learning-hub-pgbench-\(SecureRandom.token(byteCount: 9)).sql"
        try Data(script.utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let transactions = requestsOfRun / connections
        let process = try ChildProcess(
            [
                pgbench, "--file=\(path)", "--protocol=prepared", "--client=\(connections)", "--jobs=2",
                "--transactions=\(transactions)", "--no-vacuum", url,
            ], environment: ["PGOPTIONS": "-c search_path=enrollment -c jit=off"])
        return try process.transactionsPerSecond()
    }
}

extension ChildProcess {
    /// The rate that pgbench reports.
    func transactionsPerSecond() throws -> Double {
        while let line = line() {
            // tps = 69000.123456 (without initial connection time)
            let words = line.split(separator: " ")
            if words.count > 2, words[0] == "tps", let value = Double(words[2]) { return value }
        }
        throw CommandFailure("the output of pgbench contains no transaction rate")
    }
}
