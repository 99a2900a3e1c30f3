import Foundation
import HubTesting
import Postgres
import SystemTesting
import Testing

/// Fails each dependency of the learners in turn: Stripe, services, files, Redis, ffmpeg, and processes at critical points.
@Suite(.serialized) struct LearningFaultTests {
    @Test(arguments: FaultForm.logs)
    func `each paying learner is charged and enrolled once, and gets one certificate`(
        _ log: HubLogKind
    ) async throws {
        let isWhole = if case .postgres = log { true } else { FaultForm.isLong }
        try await TestRedis.with { redis in
            let ffmpeg = try FailingFFmpeg()
            let files = try await isWhole ? FilePlace.folder() : FilePlace.bucket()
            let settings = files.settings.merging(ffmpeg.settings) { $1 }.merging(["REDIS_URL": redis.address]) { $1 }
            try await SchoolUnderFault.endures(on: log, settings) { school in
                if isWhole {
                    try await stripeMisbehaves(school)
                    try await servicesAreDown(school)
                    try await redisFails(school, redis)
                    try await ffmpegFails(school)
                    try await webhooksComeWrong(school)
                }
                try await processesAreKilled(school)
                try await filesAreAway(school, files)
                try await gradesComeFirst(school)
            }
            ffmpeg.folder.finish()
            await files.close()
        }
    }

    // MARK: Stripe

    private func stripeMisbehaves(_ school: SchoolUnderFault) async throws {
        // After the first failures the tasks call Stripe one at a time, with growing pauses.
        let count = FaultForm.choose(long: 8, short: 4)
        let slowMs = FaultForm.choose(long: 25_000, short: 2_000)
        // Without webhooks, which would report the charge before the task retries.
        try await school.round("Stripe's responses lost") { learners in
            try await school.stripe(StripeBehaviour(lostAnswers: count, holdsWebhooks: true))
            learners.begin()
            try await learners.finish()
            try await school.releaseWebhooks(copies: 1)
        }
        let misbehaviours: [(String, StripeBehaviour)] = [
            ("Stripe responds 500", StripeBehaviour(failures: count)),
            ("Stripe responds 429", StripeBehaviour(failures: count, failureStatus: 429)),
            ("Stripe responds after \(slowMs / 1_000) s", StripeBehaviour(answerDelayMs: slowMs)),
        ]
        for (name, behaviour) in misbehaviours {
            try await school.round(name) { learners in
                try await school.stripe(behaviour)
                learners.begin()
                try await learners.finish()
            }
        }
        let again = try await school.books.count(
            "select count(*) from payment.task where kind = 'checkout' and epoch > 1")
        #expect(again >= 3, "Stripe was asked again where it had failed")
        try await school.stripe(StripeBehaviour())
        try await school.round("two concurrent checkouts", tabCount: 2) { learners in learners.begin() }
    }

    private func webhooksComeWrong(_ school: SchoolUnderFault) async throws {
        try await school.round("webhooks five times, before the response") { learners in
            try await school.stripe(StripeBehaviour(webhookCopies: 5, webhooksFirst: true))
            learners.begin()
        }
        try await school.round("webhooks five times, late, in reverse order") { learners in
            try await school.stripe(StripeBehaviour(holdsWebhooks: true))
            learners.begin()
            try await learners.finish()
            try await school.stripe(StripeBehaviour())
            try await school.releaseWebhooks(copies: 5)
        }
    }

    // MARK: Services

    private func servicesAreDown(_ school: SchoolUnderFault) async throws {
        func waiting(_ schema: String, _ kind: String) -> SQL {
            "select from \(quoted: schema).task where kind = \(kind) and state = 'waiting' and error is not null"
        }
        try await school.down("sandbox", until: waiting("payment", "checkout"))
        try await school.down("enrollment")
        // A learner who has completed the course waits for the certificate.
        for service in ["course", "user"] {
            try await school.down(service, until: waiting("certificate", "draw-certificate"))
        }
    }

    private func redisFails(_ school: SchoolUnderFault, _ redis: TestRedis) async throws {
        try await school.round("Redis flushed, then stopped") { learners in
            try await redis.empty()
            learners.begin()
            await redis.stop()
            try await learners.finish()
            try await redis.start()
        }
    }

    private func filesAreAway(_ school: SchoolUnderFault, _ files: FilePlace) async throws {
        try await school.round("\(files.name) unavailable") { learners in
            try await files.takeAway()
            learners.begin()
            try await eventually(within: .seconds(60), "a certificate waits for its file") {
                try await !school.books.texts(
                    "select key from certificate.task where kind = 'draw-certificate' and error is not null"
                ).isEmpty
            }
            try await files.bringBack()
        }
    }

    private func processesAreKilled(_ school: SchoolUnderFault) async throws {
        let worstMoments: [(service: String, point: HoldPoint, name: String)] = [
            ("payment", .charged, "payment killed between charge and commit"),
            ("enrollment", .enrolled, "enrollment killed between enrolment and commit"),
            ("assessment", .graded, "assessment killed between grade and commit"),
            ("certificate", .drawn, "certificate killed between PDF and row"),
        ]
        for (service, point, name) in worstMoments {
            // The claim of a killed process expires after half a minute.
            try await school.round(name, waits: false) { learners in
                try await school.hub.kill(service, at: point, on: school.books.database) { learners.begin() }
            }
        }
    }

    // MARK: Order

    /// Blocks the relay of enrollment, so that grades overtake the enrolment.
    private func gradesComeFirst(_ school: SchoolUnderFault) async throws {
        try await school.round("grades before the enrolment") { learners in
            try await school.books.database.holdRelay(of: "enrollment") {
                learners.begin()
                for learner in learners.buyers { learner.mayFinish.open() }
                let buyers = learners.buyers.map(\.id)
                try await eventually(within: .seconds(60), "the grades have come") {
                    try await school.books.count(
                        """
                        select count(*) from gamification.points_award
                        where rule = 'quiz-passed' and user_id = any(\(buyers))
                        """) == buyers.count
                }
                #expect(
                    try await school.books.texts(
                        """
                        select id from gamification.points_award
                        where rule = 'enrollment' and user_id = any(\(buyers))
                        """) == [], "nobody has heard of the enrolments")
            }
        }
    }

    // MARK: ffmpeg

    private func ffmpegFails(_ school: SchoolUnderFault) async throws {
        try await school.round("ffmpeg killed, then frozen") { learners in
            learners.begin()
            let picture = try await school.hub.client.upload(HubClient.png, "image/png", token: school.authorToken)
            try await eventually(within: .seconds(60), "the picture is ready all the same") {
                let answer = try await school.hub.client.get("/media/\(picture)", token: school.authorToken)
                let medium = try answer.json(HubClient.Medium.self)
                try #require(medium.status != "FAILED", "\(answer.text)")
                return medium.status == "READY" && medium.renditions.count == 3
            }
        }
    }
}

/// A failing ffmpeg: the first run is killed, the second hangs, later runs work.
private struct FailingFFmpeg {
    let folder: WorkFolder
    var settings: [String: String] { ["HUB_FFMPEG_FOLDER": folder.url.path, "HUB_TRANSCODE_TIME": "5s"] }

    init() throws {
        folder = try WorkFolder("ffmpeg")
        let script = """
            #!/bin/sh
            if mkdir "$0.killed" 2>/dev/null; then kill -KILL $$; fi
            if mkdir "$0.hung" 2>/dev/null; then exec sleep 3600; fi
            exec /usr/bin/ffmpeg "$@"
            """
        try script.write(to: folder.file("ffmpeg"), atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: folder.file("ffmpeg").path)
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("ffprobe").path, withDestinationPath: "/usr/bin/ffprobe")
    }
}

/// The file storage of a hub, which can be made unavailable and available again.
private final class FilePlace {
    let name: String
    let settings: [String: String]
    let takeAway: () async throws -> Void
    let bringBack: () async throws -> Void
    let close: () async -> Void

    private init(
        _ name: String, _ settings: [String: String], takeAway: @escaping () async throws -> Void,
        bringBack: @escaping () async throws -> Void, close: @escaping () async -> Void
    ) {
        self.name = name
        self.settings = settings
        self.takeAway = takeAway
        self.bringBack = bringBack
        self.close = close
    }

    /// A folder. While it is unavailable, a file has its path, so not even root can write there.
    static func folder() throws -> FilePlace {
        let work = try WorkFolder("objects")
        let folder = work.file("objects"), elsewhere = work.file("elsewhere")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return FilePlace("folder of files", ["HUB_OBJECTS_FOLDER": folder.path]) {
            try FileManager.default.moveItem(at: folder, to: elsewhere)
            try Data().write(to: folder)
        } bringBack: {
            try FileManager.default.removeItem(at: folder)
            try FileManager.default.moveItem(at: elsewhere, to: folder)
        } close: {
            work.finish()
        }
    }

    /// An S3 bucket behind a network that can be cut.
    static func bucket() async throws -> FilePlace {
        let server = try await S3Server.shared, port = try FreePort.any()
        let target = try #require(URL(string: server.endpoint)?.port)
        var network = try TestNetwork(from: port, to: target)
        let settings = [
            "S3_BUCKET": server.bucket, "S3_ENDPOINT": "http://127.0.0.1:\(port)", "AWS_REGION": server.region,
            "AWS_ACCESS_KEY_ID": server.accessKeyID, "AWS_SECRET_ACCESS_KEY": server.secretAccessKey,
        ]
        return FilePlace("bucket of files", settings) {
            network.stop()
        } bringBack: {
            network = try TestNetwork(from: port, to: target)
        } close: {
            network.stop()
        }
    }
}
