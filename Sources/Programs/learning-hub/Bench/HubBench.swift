internal import Avro
internal import Contracts
internal import HTTP
internal import Platform
internal import Secrets

/// Frequent requests: enrolling, and reading a course, at the service and through the gateway.
enum HubBench {
    private static let runs = 5

    static let rows = [
        BenchRow(name: "enrollments.post", unit: .perSecond) { hub in
            Measurement(try await enrollments(hub).map(\.perSecond))
        },
        BenchRow(name: "enrollments.post-p99", unit: .milliseconds) { hub in
            Measurement(try await enrollments(hub).map { $0.milliseconds.percentile(99) })
        },
        BenchRow(name: "course.get", unit: .perSecond) { hub in try await reads(hub).rate(.database) },
        BenchRow(name: "course.get-cached", unit: .perSecond) { hub in try await reads(hub).rate(.cache) },
        BenchRow(name: "gateway.proxy", unit: .perSecond) { hub in
            try await reads(hub).rate(.gateway, twin: .nginx)
        },
        BenchRow(name: "gateway.overhead-p50", unit: .milliseconds) { hub in try await reads(hub).overhead(50) },
        BenchRow(name: "gateway.overhead-p99", unit: .milliseconds) { hub in try await reads(hub).overhead(99) },
        BenchRow(name: "gateway.flood-p99", unit: .milliseconds) { hub in try await flood(hub) },
    ]

    // MARK: Enrolling

    private static let learnerCount = 50
    private static let coursesOfRun = 40

    /// `POST /enrollments` for a free course through the gateway, each learner in each course once.
    private static func enrollments(_ hub: BenchHub) async throws -> [LoadGenerator.Load] {
        try await hub.once("enrollments.post") {
            try await BenchWorld.open(try await hub.environment()) { world in
                let learners = try await world.makeLearners(learnerCount)
                let courses = try await world.makeCourses(
                    (runs + 1) * coursesOfRun, by: try await world.makeAuthor())
                var loads: [LoadGenerator.Load] = []
                for run in 0...runs {
                    let requests = courses[(run * coursesOfRun)..<((run + 1) * coursesOfRun)].flatMap { course in
                        learners.map { learner in
                            LoadGenerator.request(
                                "POST", target: "/enrollments",
                                fields: [
                                    "Authorization: Bearer \(learner.token)",
                                    "Idempotency-Key: \(SecureRandom.token(byteCount: 12))",
                                ], body: JSONTree.texts(["courseId": course.id]).compactText())
                        }
                    }
                    let load = try LoadGenerator(port: world.gatewayPort).run(requests)
                    if run > 0 { loads.append(load) }
                }
                return loads
            }
        }
    }

    // MARK: A flood of log-ins

    private static let logInsPerSecond = 500

    /// `GET /users/me` while more people log in than passwords can be hashed; the twin is the same request on the idle hub.
    private static func flood(_ hub: BenchHub) async throws -> Measurement {
        try await BenchWorld.open(try await hub.environment(), hashesAsUsual: true) { world in
            let people = try await world.makeLearners(logInsPerSecond)
            let request = LoadGenerator.request(
                target: "/users/me", fields: ["Authorization: Bearer \(people.first?.token ?? "")"])
            let reader = LoadGenerator(
                port: world.gatewayPort, connections: 1, warmUp: .seconds(1), duration: .seconds(10),
                pause: .milliseconds(10))
            var idle: [Double] = []
            var flooded: [Double] = []
            for _ in 0..<runs {
                idle.append(try reader.run(request).milliseconds.percentile(99))
                // A second longer than the measurement.
                async let logIns: Void = steadily(12 * logInsPerSecond, perSecond: logInsPerSecond, on: world.loop) {
                    _ = try? await world.client.logIn(people[$0 % people.count].account)
                }
                flooded.append(try reader.run(request).milliseconds.percentile(99))
                try await logIns
            }
            return Measurement(flooded, twin: idle)
        }
    }

    // MARK: Reading a course

    /// `GET /courses/{id}` on all paths in turn.
    private static func reads(_ hub: BenchHub) async throws -> CourseReads {
        try await hub.once("course.get") {
            try await BenchWorld.open(try await hub.environment()) { world in
                let author = try await world.makeAuthor()
                guard let reader = try await world.makeLearners(1).first,
                    let open = try await world.makeCourses(1, by: author).first,
                    let draft = try await world.makeCourses(1, by: author, published: false).first
                else { throw CommandFailure("the hub has no content to read") }
                let account = try await world.client.call(.get, "/users/me", token: author.token).expect(200)
                let nginx = try await NginxProxy.start(to: world.coursePort)
                defer { nginx?.stop() }
                var reads = CourseReads()
                for run in 0...runs {
                    // The identity header is valid for 30 s.
                    let asReader = try world.identityField(
                        of: .user(UserID(validating: reader.id), role: .student, session: "bench"), open.path)
                    let asAuthor = try world.identityField(
                        of: .user(UserID(validating: account.text("id")), role: .admin, session: "bench"),
                        draft.path)
                    let straight = LoadGenerator.request(target: open.path, fields: [asReader])
                    let withToken = LoadGenerator.request(
                        target: open.path, fields: ["Authorization: Bearer \(reader.token)"])
                    var loads: [CourseReads.Way: LoadGenerator.Load] = [:]
                    // A draft is shown to its author alone, and never from the cache.
                    loads[.database] = try LoadGenerator(port: world.coursePort).run(
                        LoadGenerator.request(target: draft.path, fields: [asAuthor]))
                    loads[.cache] = try LoadGenerator(port: world.coursePort).run(straight)
                    loads[.gateway] = try LoadGenerator(port: world.gatewayPort).run(withToken)
                    loads[.alone] = try LoadGenerator(port: world.coursePort, connections: 1).run(straight)
                    loads[.aloneByGateway] = try LoadGenerator(port: world.gatewayPort, connections: 1).run(withToken)
                    if let nginx {
                        loads[.nginx] = try LoadGenerator(port: nginx.port).run(straight)
                        loads[.aloneByNginx] = try LoadGenerator(port: nginx.port, connections: 1).run(straight)
                    }
                    if run > 0 { reads.runs.append(loads) }
                }
                return reads
            }
        }
    }
}

/// Measurements of repeated reads of a course.
private struct CourseReads: Sendable {
    enum Way: Sendable {
        /// At the service, on many connections.
        case database, cache
        /// Through a proxy, served from the service's cache.
        case gateway, nginx
        /// One request at a time.
        case alone, aloneByGateway, aloneByNginx
    }

    var runs: [[Way: LoadGenerator.Load]] = []

    func rate(_ way: Way, twin: Way? = nil) -> Measurement {
        Measurement(
            runs.compactMap { $0[way]?.perSecond },
            twin: twin.map { twin in runs.compactMap { $0[twin]?.perSecond } } ?? [])
    }

    /// The time a proxy adds to a single request.
    func overhead(_ percent: Double) -> Measurement {
        func added(_ way: Way) -> [Double] {
            runs.compactMap { run in
                guard let proxied = run[way], let straight = run[.alone] else { return nil }
                return proxied.milliseconds.percentile(percent) - straight.milliseconds.percentile(percent)
            }
        }
        return Measurement(added(.aloneByGateway), twin: added(.aloneByNginx))
    }
}
