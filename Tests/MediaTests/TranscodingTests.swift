import Contracts
import EventLoop
import FileTypes
import Foundation
import HTTP
import HubTesting
import ObjectStore
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Media

@Suite struct TranscodingTests {
    private func fetch(_ url: String, _ fields: HTTPFields = [:], in world: MediaWorld) async throws -> TestAnswer {
        try await world.service.send(.get, url, as: .anonymous, fields: fields)
    }

    private func urls(_ answer: TestAnswer) -> [String: String] {
        let renditions = answer.object["renditions"] as? [[String: Any]] ?? []
        return Dictionary(
            uniqueKeysWithValues: renditions.compactMap { rendition in
                guard let name = rendition["name"] as? String, let url = rendition["url"] as? String else { return nil }
                return (name, url)
            })
    }

    @Test(arguments: ["video/mp4", "video/webm", "video/quicktime"])
    func `a video becomes a streamable MP4 and a poster image`(type: String) async throws {
        let name = ["video/mp4": "a.mp4", "video/webm": "a.webm", "video/quicktime": "a.mov"][type] ?? ""
        let bytes = try await SampleFile.film(
            name, type == "video/webm" ? ["-c:v", "libvpx", "-c:a", "libvorbis"] : [])
        try await MediaWorld.with { world in
            let id = try await world.upload(bytes, as: type, more: ", \"courseId\": \"crs_1\"")
            try await world.transcode()
            let medium = try await world.medium(id)
            #expect(medium["status"] == "READY")
            #expect((medium.object["durationSeconds"] as? Double ?? 0).rounded() == 2)
            let found = urls(medium)
            #expect(Set(found.keys) == ["video.mp4", "poster.jpg"])
            let movie = try await fetch(try #require(found["video.mp4"]), in: world)
            #expect(movie.status == 200 && movie.fields["content-type"] == "video/mp4")
            let begin = String(decoding: movie.body.prefix(100), as: UTF8.self)
            // The index comes first, which a player needs.
            #expect(begin.contains("ftyp") && begin.contains("moov"))
            let poster = try await fetch(try #require(found["poster.jpg"]), in: world)
            #expect(try FileType.detect(Array(poster.body)) == "image/jpeg")
            let events = try await world.service.published(MediaProcessed.self)
            #expect(events.count == 1)
            let event = try #require(events.first?.data)
            #expect(event.status == .ready && event.courseID == MediaWorld.course && event.renditions.count == 2)
            #expect(event.renditions.first?.width == 320 && event.renditions.first?.height ?? 0 > 0)
            #expect(event.renditions.first?.sizeBytes == movie.body.count)
        }
    }

    @Test func `a video whose picture ends long before its sound has a poster image`() async throws {
        let bytes = try await SampleFile.make(
            [
                "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=0.1", "-f", "lavfi", "-i",
                "sine=duration=5",
            ], "a.mp4")
        try await MediaWorld.with { world in
            let id = try await world.upload(bytes, as: "video/mp4")
            try await world.transcode()
            let medium = try await world.medium(id)
            #expect(medium["status"] == "READY")
            #expect(Set(urls(medium).keys) == ["video.mp4", "poster.jpg"])
        }
    }

    @Test(arguments: [0, 1])
    func `a video of which no poster image can be made is READY without one`(status: Int) async throws {
        let bytes = try await SampleFile.film("a.mp4")
        let script = "case \"$*\" in *poster.jpg) exit \(status);; esac\nexec /usr/bin/${0##*/} \"$@\""
        try await withPrograms(script) { folder in
            try await MediaWorld.with(settings: ["HUB_FFMPEG_FOLDER": folder]) { world in
                let id = try await world.upload(bytes, as: "video/mp4")
                try await world.transcode()
                let medium = try await world.medium(id)
                #expect(medium["status"] == "READY")
                #expect(Set(urls(medium).keys) == ["video.mp4"])
            }
        }
    }

    @Test func `a picture becomes three sizes, none wider than the original, without metadata`() async throws {
        let bytes = try await SampleFile.make(
            [
                "-f", "lavfi", "-i", "testsrc=size=1000x500:duration=1", "-frames:v", "1", "-metadata",
                "comment=a secret place",
            ], "a.png")
        try await MediaWorld.with { world in
            let id = try await world.upload(bytes, as: "image/png")
            try await world.transcode()
            let event = try #require(try await world.service.published(MediaProcessed.self).first?.data)
            #expect(event.renditions.map(\.width) == [320, 960, 1_000])
            for url in urls(try await world.medium(id)).values {
                let answer = try await fetch(url, in: world)
                #expect(try FileType.detect(Array(answer.body)) == "image/webp")
                #expect(!answer.text.contains("secret"))
            }
        }
    }

    @Test func `an abandoned working folder is deleted when no process can use it`() throws {
        let files = FileManager.default, parent = files.temporaryDirectory.appending(path: "media-\(UUID().uuidString)")
        defer { try? files.removeItem(at: parent) }
        for name in ["hub-media-left/input", "another"] {
            try files.createDirectory(at: parent.appending(path: name), withIntermediateDirectories: true)
        }
        WorkFolder.removeAbandoned(in: parent, at: Date() + 2 * 3_600)
        #expect(try Set(files.contentsOfDirectory(atPath: parent.path)) == ["hub-media-left", "another"])
        WorkFolder.removeAbandoned(in: parent, at: Date() + 4 * 3_600)
        #expect(try files.contentsOfDirectory(atPath: parent.path) == ["another"])
    }

    @Test func `the periodic job deletes abandoned working folders`() async throws {
        let files = FileManager.default, folder = files.temporaryDirectory.path + "/hub-media-left-\(UUID().uuidString)"
        defer { try? files.removeItem(atPath: folder) }
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try files.setAttributes([.modificationDate: Date() - 4 * 3_600], ofItemAtPath: folder)
        try await MediaWorld.with { world in
            try await world.service.runJob("expire uploads")
            #expect(!FileManager.default.fileExists(atPath: folder))
        }
    }

    @Test func `a cancelled attempt leaves no working folder`() async throws {
        let pool = try BlockingPool(name: "folders", threadCount: 1, queueCountMax: 8), gate = Gate()
        defer { pool.shutdown() }
        let folder = WorkFolder(pool: pool, loops: TestLoops.shared)
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let attempt = Task {
            // Only the cancellation ends this.
            await gate.wait()
            await folder.remove()
        }
        attempt.cancel()
        await attempt.value
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test func `a document is not changed`() async throws {
        try await MediaWorld.with { world in
            let id = try await world.upload(MediaWorld.pdf)
            try await world.transcode()
            let medium = try await world.medium(id)
            #expect(medium["status"] == "READY")
            let answer = try await fetch(try #require(urls(medium)["document.pdf"]), ["range": "bytes=1-3"], in: world)
            #expect(answer.status == 206 && answer.text == "PDF")
        }
    }

    @Test func `only content gets the addresses of a lesson's renditions`() async throws {
        try await MediaWorld.with { world in
            let id = try await world.upload(MediaWorld.pdf, more: ", \"lessonId\": \"lsn_1\"")
            _ = try await world.upload(MediaWorld.pdf)
            func media(as identity: Identity, of lesson: String = "lsn_1") async throws -> TestAnswer {
                try await world.service.send(.get, "/internal/lessons/\(lesson)/media", as: identity)
            }
            #expect(try await media(as: .service(.content)).items.isEmpty)
            try await world.transcode()
            let found = try await media(as: .service(.content)).items
            #expect(found.map { $0["id"] as? String } == [id])
            let file = try #require((found.first?["renditions"] as? [[String: Any]])?.first)
            #expect(file["name"] as? String == "document.pdf")
            let url = try #require(file["url"] as? String)
            #expect(Array(try await fetch(url, in: world).body) == MediaWorld.pdf)
            #expect(try await media(as: .service(.content), of: "lsn_2").items.isEmpty)
            for identity in [Identity.service(.enrollment), MediaWorld.person(), .anonymous] {
                #expect(try await media(as: identity).status >= 400)
            }
        }
    }

    @Test func `an address is valid for at least an hour, only for its rendition`() async throws {
        try await MediaWorld.with { world in
            let id = try await world.upload(MediaWorld.pdf)
            try await world.transcode()
            let url = try #require(urls(try await world.medium(id))["document.pdf"])
            #expect(try await fetch(url, in: world).fields["cache-control"]?.hasSuffix("immutable") == true)
            #expect(try await fetch(url.replacing("document.pdf", with: "video.mp4"), in: world).code == "bad-address")
            #expect(try await fetch(url.replacing("expires=", with: "expires=1"), in: world).code == "bad-address")
            #expect(try await fetch(url + "A", in: world).code == "bad-address")
            #expect(try await fetch("/media/files/\(id)/document.pdf", in: world).code == "bad-address")
            world.service.clock.advance(by: 3_600)
            #expect(try await fetch(url, in: world).status == 200)
            world.service.clock.advance(by: 3_601)
            #expect(try await fetch(url, in: world).code == "bad-address")
        }
    }

    @Test func `an unreadable file fails at once, with a reason for its owner`() async throws {
        try await MediaWorld.with { world in
            let id = try await world.upload(Array("....ftypisom and nothing that is a film".utf8), as: "video/mp4")
            try await world.transcode()
            let medium = try await world.medium(id)
            #expect(medium["status"] == "FAILED")
            #expect(medium["error"]?.contains("Export it again") == true)
            let event = try #require(try await world.service.published(MediaProcessed.self).first?.data)
            #expect(event.status == .failed && event.error == medium["error"])
        }
    }

    @Test func `a file cannot include other files`() async throws {
        // The content type of a playlist is not accepted; a disguised one is read as the format it claims to be.
        let playlist = Array("....ftypisom#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n".utf8)
        try await MediaWorld.with { world in
            let id = try await world.upload(playlist, as: "video/mp4")
            try await world.transcode()
            #expect(try await world.medium(id)["status"] == "FAILED")
        }
    }

    @Test func `delivered twice, a medium is transcoded once`() async throws {
        try await MediaWorld.with { world in
            _ = try await world.upload(MediaWorld.pdf)
            let event = try #require(try await world.service.published(MediaUploaded.self).first?.data)
            try await world.service.deliver(together: [event, event])
            try await world.transcode()
            try await world.transcode()
            #expect(try await world.service.published(MediaProcessed.self).count == 1)
        }
    }

    @Test(arguments: [true, false])
    func `renditions that a killed attempt stored after an erasure are deleted`(isGivenUp: Bool) async throws {
        try await MediaWorld.with { world in
            let id = try await world.upload(MediaWorld.pdf)
            try await world.service.deliver(UserDeleted(userID: MediaWorld.teacher, deletedAt: world.service.clock.now))
            try await world.service.runTasks()
            try await world.store("media/\(id)/files/video.mp4")
            if isGivenUp {
                let operations = world.service.service.operations
                try await world.service.database.transaction { tx in
                    try await operations.giveUp(Transcode(mediaID: id), on: tx)
                }
                try await world.service.runTasks()
            } else {
                try await world.transcode()
            }
            #expect(try await world.objects().isEmpty)
            #expect(try await world.service.published(MediaProcessed.self).isEmpty)
        }
    }

    @Test(arguments: ["kill -9 $$", "exec sleep 60"])
    func `when ffmpeg is killed or hangs it is retried, and then the medium fails`(script: String) async throws {
        try await withPrograms("echo run >> ${0%/*}/runs\n\(script)") { folder in
            let settings = ["HUB_FFMPEG_FOLDER": folder, "HUB_TRANSCODE_TIME": "300ms"]
            try await MediaWorld.with(settings: settings) { world in
                let id = try await world.upload(Array("....ftypisom".utf8), as: "video/mp4")
                try await world.transcode()
                #expect(try await world.medium(id)["status"] == "PROCESSING")
                for _ in 0..<2 {
                    world.service.clock.advance(by: 600)
                    try await world.service.runTasks()
                }
                #expect(try await world.medium(id)["status"] == "FAILED")
                #expect(try await world.medium(id)["error"]?.contains("several times") == true)
                let runs = try String(contentsOfFile: "\(folder)/runs", encoding: .utf8).split(separator: "\n")
                #expect(runs.count == 3)
                #expect(try await world.service.published(MediaProcessed.self).map(\.data.status) == [.failed])
            }
        }
    }

    @Test(arguments: ["No space left on device", "Cannot allocate memory"])
    func `when the machine has too little disk or memory, the medium is transcoded later`(lack: String) async throws {
        let bytes = try await SampleFile.film("a.mp4")
        try await withPrograms(Self.onceMended("{ echo 'output: \(lack)' >&2; exit 1; }")) { folder in
            try await MediaWorld.with(settings: ["HUB_FFMPEG_FOLDER": folder]) { world in
                let id = try await world.upload(bytes, as: "video/mp4")
                try await world.transcode()
                #expect(try await world.medium(id)["status"] == "PROCESSING")
                try mend(folder)
                world.service.clock.advance(by: 600)
                try await world.service.runTasks()
                #expect(try await world.medium(id)["status"] == "READY")
            }
        }
    }

    @Test func `a medium that was given up is transcoded when an operator restarts its task`() async throws {
        let bytes = try await SampleFile.film("a.mp4")
        try await withPrograms(Self.onceMended("kill -9 $$")) { folder in
            try await MediaWorld.with(settings: ["HUB_FFMPEG_FOLDER": folder]) { world in
                let id = try await world.upload(bytes, as: "video/mp4"), clock = world.service.clock
                try await world.transcode()
                for _ in 0..<2 {
                    clock.advance(by: 600)
                    try await world.service.runTasks()
                }
                #expect(try await world.medium(id)["status"] == "FAILED")
                try mend(folder)
                let records = TaskRecords(database: world.service.database) { clock.now }
                #expect(try await records.restart(kind: Transcode.kind, key: id) == .failed)
                try await world.service.runTasks()
                let medium = try await world.medium(id)
                #expect(medium["status"] == "READY" && medium["error"] == nil)
                #expect(try await world.service.published(MediaProcessed.self).map(\.data.status) == [.failed, .ready])
            }
        }
    }

    @Test func `while an original cannot be read to its end, the medium waits`() async throws {
        let bytes = try await SampleFile.film("a.mp4")
        try await MediaWorld.with { world in
            let id = try await world.upload(bytes, as: "video/mp4"), files = FileManager.default
            let store = try #require(world.service.context.objects as? FolderStore)
            // A folder can be opened like a file, and then not be read.
            let file = "\(store.path)/media=\(id)=original"
            try files.moveItem(atPath: file, toPath: "\(store.path)/kept")
            try files.createDirectory(atPath: file, withIntermediateDirectories: false)
            try await world.transcode()
            for _ in 0..<3 {
                world.service.clock.advance(by: 600)
                try await world.service.runTasks()
            }
            #expect(try await world.medium(id)["status"] == "PROCESSING")
            try files.removeItem(atPath: file)
            try files.moveItem(atPath: "\(store.path)/kept", toPath: file)
            world.service.clock.advance(by: 600)
            try await world.service.runTasks()
            #expect(try await world.medium(id)["status"] == "READY")
        }
    }

    /// A script that fails until ``mend(_:)``, and from then on runs the program itself.
    private static func onceMended(_ failure: String) -> String {
        "[ -e ${0%/*}/mended ] || \(failure)\nexec /usr/bin/${0##*/} \"$@\""
    }

    private func mend(_ folder: String) throws { try Data().write(to: URL(filePath: "\(folder)/mended")) }

    /// Runs `body` with a folder in which ffmpeg and ffprobe are a script.
    private func withPrograms(_ script: String, _ body: @Sendable (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "hub-ffmpeg-\(UUID())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["ffmpeg", "ffprobe"] {
            try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(filePath: "\(folder)/\(name)"))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(folder)/\(name)")
        }
        try await body(folder)
    }
}
