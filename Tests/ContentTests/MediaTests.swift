import Contracts
import Foundation
import HTTP
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

    @Test func `of an erased owner neither name nor id is left, whichever comes first`() async throws {
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
}
