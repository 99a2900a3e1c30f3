internal import Avro
internal import Contracts
internal import EventLoop
internal import HTTP
internal import Observability
internal import Platform
internal import Postgres
internal import Secrets
internal import User

/// A whole hub in this process, on an empty database, with the people and courses of a measurement.
struct BenchWorld: Sendable {
    let gatewayPort: Int
    let coursePort: Int
    let client: APIClient
    let database: Database
    /// The clients' event loop.
    let loop: EventLoop
    private let settings: Settings
    private let secret: IdentitySecret

    /// Starts the hub, and always stops it afterwards.
    /// - Parameter hashesAsUsual: false if the row does not measure password hashing.
    static func open<Value: Sendable>(
        _ environment: [String: String], hashesAsUsual: Bool = false, _ body: (BenchWorld) async throws -> Value
    ) async throws -> Value {
        var flags = environment
        for type in HubServices.all { flags[PlatformSettings.port(of: type.name).name] = "0" }
        if !hashesAsUsual {
            flags["HUB_PASSWORD_MEMORY_KIB"] = "8"
            flags["HUB_PASSWORD_ITERATIONS"] = "1"
        }
        let settings = try Settings(commandLine: flags)
        let process = try await HubProcess.start(HubServices.all, command: "bench", settings: settings, topics: .apply)
        let value = await outcome {
            let loops = try EventLoopGroup(count: 1, name: "clients")
            let gatewayPort = process.port(of: .gateway) ?? 0
            let world = BenchWorld(
                gatewayPort: gatewayPort, coursePort: process.port(of: .course) ?? 0,
                client: try APIClient(address: "http://127.0.0.1:\(gatewayPort)"),
                database: Database(url: try settings.value(PlatformSettings.databaseURL).settingText, loops: loops),
                loop: loops.next(), settings: settings,
                secret: try settings.value(PlatformSettings.identitySecret))
            let value = await outcome { try await body(world) }
            await world.client.close()
            await world.database.close()
            await loops.shutdown()
            return try value.get()
        }
        await process.stop()
        return try value.get()
    }

    // MARK: People and courses

    /// An instructor.
    func makeAuthor() async throws -> DemoPerson {
        let account = DemoAccount("author")
        try await AdminCommand.withAccounts(settings) {
            _ = try await $0.createAccount(as: .instructor, email: account.email, password: account.password)
        }
        return try await client.logIn(account)
    }

    /// Registered and logged-in people.
    func makeLearners(_ count: Int) async throws -> [BenchLearner] {
        try await together(count) { index in
            let account = DemoAccount("learner\(index)")
            let id = try await client.call(
                .post, "/auth/register",
                json: .texts([
                    "email": account.email, "password": account.password, "firstName": "Ada", "lastName": "Lovelace",
                ])
            ).expect(201).text("id")
            return BenchLearner(id: id, account: account, token: try await client.logIn(account).token)
        }
    }

    /// Courses of one article each.
    /// - Parameter price: nil for free ones.
    func makeCourses(_ count: Int, by author: DemoPerson, price: String? = nil, published: Bool = true) async throws
        -> [BenchCourse]
    {
        try await together(count) { index in
            let id = try await client.call(
                .post, "/courses",
                json: .texts([
                    "title": "Course \(index)", "description": "Measured.", "category": "bench", "level": "BEGINNER",
                    "language": "en", "price": price ?? "0.00", "currency": "USD",
                ]), token: author.token
            ).expect(201).text("id")
            let section = try await client.call(
                .post, "/courses/\(id)/sections", json: .texts(["title": "One"]), token: author.token
            ).expect(201).text("id")
            let lesson = try await client.call(
                .post, "/courses/\(id)/lessons",
                json: .texts(["sectionId": section, "title": "An article", "kind": "ARTICLE"]), token: author.token
            ).expect(201).text("id")
            if published {
                _ = try await client.call(.post, "/courses/\(id)/publish", token: author.token).expect(200)
            }
            return BenchCourse(id: id, lesson: lesson)
        }
    }

    func order(_ course: BenchCourse, by learner: BenchLearner, card: String? = nil) async throws -> APIClient.Answer {
        let body = JSONTree.object([
            .init("courseId", .string(course.id)), .init("paymentMethod", .text(card)),
        ])
        return try await client.call(
            .post, "/enrollments", json: body, token: learner.token, key: SecureRandom.token(byteCount: 12))
    }

    /// Enrols all learners; courses are free.
    func enrolAll(_ learners: [BenchLearner], in courses: [BenchCourse]) async throws -> [BenchEnrollment] {
        try await together(learners.count * courses.count) { index in
            let learner = learners[index % learners.count], course = courses[index / learners.count]
            let id = try await order(course, by: learner).expect(201).text("enrollmentId")
            return BenchEnrollment(id: id, lesson: course.lesson, learner: learner)
        }
    }

    private func together<Value: Sendable>(
        _ count: Int, _ make: @escaping @Sendable (Int) async throws -> Value
    ) async throws -> [Value] {
        var values: [Value] = []
        for start in stride(from: 0, to: count, by: 8) {
            values += try await withThrowingTaskGroup(of: Value.self) { group in
                for index in start..<min(start + 8, count) { group.addTask { try await make(index) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        return values
    }

    /// The identity header for a direct call of a service; valid for 30 s.
    func identityField(of identity: Identity, _ target: String) throws -> String {
        let seal = IdentitySeal(secret: secret) { WallClock.millisecondsSinceEpoch }
        return "\(IdentitySeal.fieldName): \(seal.header(for: identity, method: "GET", target: target))"
    }

    // MARK: Waiting for rows

    /// Makes the database notify of each row inserted into a table, after its commit: polling would take more CPU time than the
    /// measured work.
    /// - Parameter told: the payload of the notification, in SQL, on `new`.
    func announce(_ table: String, _ told: String) async throws {
        let announce = """
            create function bench_announce() returns trigger language plpgsql as $$
            begin
                perform pg_notify('bench', \(told));
                return null;
            end $$
            """
        try await database.execute(SQL(raw: announce))
        let trigger = """
            create trigger bench_announce after insert on \(table) for each row
            execute function bench_announce()
            """
        try await database.execute(SQL(raw: trigger))
    }

    /// Calls `begin` `count` times at a steady rate; each call causes a row that is announced.
    /// - Parameter begin: begins an interval under the payload of that row.
    /// - Returns: milliseconds of each.
    func intervals(
        _ count: Int, perSecond: Int, _ begin: @escaping @Sendable (_ index: Int, Intervals) async throws -> Void
    ) async throws -> [Double] {
        let intervals = Intervals()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) {
                for await told in database.notifications(on: "bench") {
                    // An empty payload: listening has begun.
                    if told.isEmpty { intervals.isHeard = true } else { intervals.end(told) }
                }
            }
            defer { group.cancelAll() }
            while !intervals.isHeard { try await loop.sleep(for: .milliseconds(5)) }
            try await steadily(count, perSecond: perSecond, on: loop) { try await begin($0, intervals) }
            try await withTimeout(
                .seconds(60), on: loop,
                onTimeout: {
                    CommandFailure("only \(intervals.count) of \(count) requests had their effect within 60 s")
                }
            ) {
                while intervals.count < count { try await loop.sleep(for: .milliseconds(5)) }
            }
        }
        return intervals.take()
    }
}

struct BenchCourse: Sendable {
    let id: String
    let lesson: String

    var path: String { "/courses/\(id)" }
}

struct BenchEnrollment: Sendable {
    let id: String
    let lesson: String
    let learner: BenchLearner
}

struct BenchLearner: Sendable {
    let id: String
    let account: DemoAccount
    let token: String
}
