import Contracts
import Foundation
import HTTP
import HubTesting
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Content

@Suite struct MediaTests {
    private let id = MediaID.make(at: ContentWorld.time), owner = UserID.new

    private func uploaded(_ lesson: TaughtLesson) -> MediaUploaded {
        MediaUploaded(
            mediaID: id, ownerID: owner, courseID: lesson.courseID, lessonID: lesson.id, fileName: "ada.mp4",
            contentType: "video/mp4", sizeBytes: 1_000, sha256: "00", storageKey: "a", uploadedAt: ContentWorld.time)
    }

    private func processed(_ lesson: TaughtLesson, _ status: MediaStatus, after seconds: Double) -> MediaProcessed {
        MediaProcessed(
            mediaID: id, courseID: lesson.courseID, lessonID: lesson.id, status: status,
            durationSeconds: status == .ready ? 60 : nil, renditions: [],
            processedAt: ContentWorld.time.addingTimeInterval(seconds))
    }

    private func media(of lesson: TaughtLesson, _ world: ContentWorld) async throws -> [[String: Any]] {
        let page = try await world.read(lesson, as: .instructor(lesson.instructorID))
        return page.object["media"] as? [[String: Any]] ?? []
    }

    @Test func `a lesson shows its media as they are uploaded and processed`() async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new)
            try await world.content.deliver(uploaded(lesson))
            let before = try #require(try await media(of: lesson, world).first)
            #expect(before["status"] as? String == "PROCESSING" && before["fileName"] as? String == "ada.mp4")
            try await world.content.deliver(processed(lesson, .ready, after: 1))
            let after = try #require(try await media(of: lesson, world).first)
            #expect(after["status"] as? String == "READY" && after["durationSeconds"] as? Double == 60)
            #expect(after["id"] as? String == id.rawValue && after["sizeBytes"] as? Int == 1_000)
        }
    }

    @Test func `the events of a medium come in any order, twice, and in one batch`() async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new), event = EventID.make(at: ContentWorld.time)
            try await world.content.deliver(processed(lesson, .ready, after: 2), id: event)
            #expect(try await !world.content.deliver(processed(lesson, .ready, after: 2), id: event))
            #expect(try await media(of: lesson, world).first?["fileName"] == nil)
            try await world.content.deliver(together: [
                processed(lesson, .failed, after: 1), uploaded(lesson), uploaded(lesson),
            ])
            let media = try await media(of: lesson, world)
            #expect(media.count == 1 && media[0]["status"] as? String == "READY")
            #expect(media[0]["contentType"] as? String == "video/mp4")
        }
    }

    @Test(arguments: [true, false])
    func `a deleted medium is not shown, also when its events arrive later`(isEarly: Bool) async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new)
            func forget(as identity: Identity) async throws -> Int {
                try await world.content.send(.delete, "/internal/media/\(id)", as: identity).status
            }
            if !isEarly {
                try await world.content.deliver(together: [uploaded(lesson), processed(lesson, .failed, after: 1)])
            }
            for identity in [Identity.service(.enrollment), .instructor(lesson.instructorID)] {
                #expect(try await forget(as: identity) >= 400)
            }
            #expect(try await media(of: lesson, world).count == (isEarly ? 0 : 1))
            for _ in 0..<2 { #expect(try await forget(as: .service(.media)) == 204) }
            #expect(try await media(of: lesson, world).isEmpty)
            if isEarly { try await world.content.deliver(uploaded(lesson)) }
            try await world.content.deliver(processed(lesson, .ready, after: 2))
            #expect(try await media(of: lesson, world).isEmpty)
            let left = try await world.content.count(
                "select count(*) from medium where owner_id is not null or file_name is not null")
            #expect(left == 0)
        }
    }

    @Test func `no name or id of an erased owner remains, in any order of events`() async throws {
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new)
            let deletion = UserDeleted(userID: owner, deletedAt: ContentWorld.time)
            try await world.content.deliver(together: [uploaded(lesson), deletion])
            let left = try await world.content.count(
                "select count(*) from medium where owner_id is not null or file_name is not null")
            #expect(left == 0)
            try await world.content.database.execute("delete from medium")
            try await world.content.deliver(uploaded(lesson))
            let media = try await media(of: lesson, world)
            #expect(media.count == 1 && media[0]["fileName"] == nil)
        }
    }

    // MARK: Addresses

    /// Runs `body` with a lesson that has a video, and a media service with numbered addresses.
    private func withFilm(
        _ body: @escaping @Sendable (ContentWorld, TaughtLesson, Tally) async throws -> Void
    ) async throws {
        let film = id
        try await ContentWorld.with { world in
            let lesson = try await world.lesson(by: .new), asked = Tally()
            for event in [uploaded(lesson) as any Event, processed(lesson, .ready, after: 1)] {
                try await world.content.deliver(together: [event])
            }
            try await Neighbours.with([.media], in: world.directory, clock: world.clock) { routes in
                routes.get("/internal/lessons/{id}/media", .service(.content)) { request in
                    guard try request.id("id", as: LessonID.self) == lesson.id else { throw Problem.notFound }
                    let file = Rendition(
                        name: "video.mp4", contentType: "video/mp4", url: "/media/files/\(asked.add())", width: 320,
                        height: nil)
                    return try .ok(["items": [FilmView(id: film.rawValue, renditions: [file])]])
                }
            } _: {
                try await body(world, lesson, asked)
            }
        }
    }

    private struct FilmView: Encodable {
        let id: String
        let renditions: [Rendition]
    }

    private static func url(_ answer: TestAnswer) -> String? {
        let media = answer.object["media"] as? [[String: Any]]
        return (media?.first?["renditions"] as? [[String: Any]])?.first?["url"] as? String
    }

    @Test func `only readers of a lesson get the addresses of its media, fresh ones each time`()
        async throws
    {
        try await withFilm { world, lesson, asked in
            let learner = UserID.new, enrollment = lesson.enrolled(learner)
            #expect(try await world.read(lesson, as: .student(learner)).code == "no-access")
            try await world.content.deliver(enrollment)
            #expect(Self.url(try await world.read(lesson, as: .student(learner))) == "/media/files/1")
            #expect(Self.url(try await world.read(lesson, as: .student(learner))) == "/media/files/2")
            #expect(Self.url(try await world.read(lesson, as: .instructor(lesson.instructorID))) == "/media/files/3")
            #expect(Self.url(try await world.read(lesson, as: .administrator())) == "/media/files/4")
            // As when the payment was refunded.
            #expect(try await world.revoke(enrollment, as: .service(.payment)).status == 204)
            let refused = try await world.read(lesson, as: .student(learner))
            #expect(refused.code == "no-access" && Self.url(refused) == nil && asked.value == 4)
        }
    }

    @Test func `a lesson is always sent completely, because its addresses expire`() async throws {
        try await withFilm { world, lesson, _ in
            let answer = try await world.content.send(
                .get, "/lessons/\(lesson.id)/content", as: .administrator(), fields: ["if-none-match": "*"])
            #expect(answer.status == 200 && answer.fields["cache-control"] == "no-store")
            #expect(Self.url(answer) == "/media/files/1")
        }
    }

    @Test func `while the media service is down a lesson has no addresses`() async throws {
        try await withFilm { world, lesson, _ in
            world.directory[.media] = "http://127.0.0.1:1"
            let page = try await world.read(lesson, as: .instructor(lesson.instructorID))
            #expect(page.status == 200 && Self.url(page) == nil)
            let media = page.object["media"] as? [[String: Any]]
            #expect(media?.first?["status"] as? String == "READY")
        }
    }

    @Test func `addresses are requested only for media that are ready`() async throws {
        try await withFilm { world, lesson, asked in
            try await world.content.deliver(processed(lesson, .failed, after: 2))
            #expect(Self.url(try await world.read(lesson, as: .administrator())) == nil)
            #expect(asked.value == 0)
        }
    }
}
