import Contracts
import Foundation
import HTTP
import HubTesting
import ObjectStore
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Media

@Suite struct UploadTests {
    @Test func `a file is uploaded in parts in any order, and accepted if it is the announced one`() async throws {
        try await MediaWorld.with { world in
            let id = try await world.upload(MediaWorld.pdf, more: ", \"lessonId\": \"lsn_1\"")
            let events = try await world.service.published(MediaUploaded.self)
            #expect(events.count == 1)
            let event = try #require(events.first?.data)
            #expect(event.mediaID.rawValue == id && event.ownerID == MediaWorld.teacher)
            #expect(event.courseID == MediaWorld.course && event.lessonID == MediaWorld.lesson)
            #expect(event.sizeBytes == MediaWorld.pdf.count && event.contentType == "application/pdf")
            let kept = try #require(try await world.service.context.objects.get(.init(event.storageKey)))
            #expect(try await kept.body.collect(bytesMax: 1_000) == MediaWorld.pdf)
            #expect(try await world.medium(id)["status"] == "PROCESSING")
            #expect(try await world.complete(id).status == 202)
            #expect(try await world.service.published(MediaUploaded.self).count == 1)
            #expect(try await world.put([1], 1, of: id).code == "already-complete")
            try await world.service.runTasks()
            #expect(try await world.objects() == ["media/\(id)/original"])
        }
    }

    @Test func `a repeated part replaces the earlier one`() async throws {
        try await MediaWorld.with { world in
            let id = try #require(try await world.announce(MediaWorld.pdf)["id"])
            _ = try await world.put([1, 2, 3], 1, of: id)
            #expect(try await world.complete(id).code == "parts-missing")
            _ = try await world.put([UInt8](repeating: 1, count: MediaWorld.pdf.count), 1, of: id)
            #expect(try await world.complete(id).code == "wrong-type")
            _ = try await world.put(MediaWorld.pdf.dropLast() + [0], 1, of: id)
            #expect(try await world.complete(id).code == "wrong-checksum")
            #expect(try await world.service.published(MediaUploaded.self).isEmpty)
            _ = try await world.put(MediaWorld.pdf, 1, of: id)
            #expect(try await world.complete(id).status == 202)
        }
    }

    @Test func `parts that exceed the announced size together are refused before they are stored`() async throws {
        let gate = Gate()
        gate.open()
        try await MediaWorld.with(holding: (gate, ["/parts/2"])) { world in
            let size = MediaWorld.pdf.count
            let id = try #require(try await world.announce(MediaWorld.pdf)["id"])
            let alone = try await world.put([UInt8](repeating: 1, count: size + 1), 2, of: id)
            #expect(alone.status == 409 && alone.code == "parts-too-large")
            #expect(try await world.put([UInt8](repeating: 1, count: size - 2), 1, of: id).status == 204)
            #expect(try await world.put([1, 2, 3], 2, of: id).code == "parts-too-large")
            #expect(gate.arrivals == 0)
            #expect(try await world.objects() == ["media/\(id)/parts/1"])
            // The part that a repeated one replaces does not count.
            #expect(try await world.put([UInt8](repeating: 1, count: size), 1, of: id).status == 204)
        }
    }

    @Test func `of concurrent parts that exceed the announced size together one is stored`() async throws {
        let gate = Gate()
        try await MediaWorld.with(holding: (gate, ["/parts/1", "/parts/2"])) { world in
            let id = try #require(try await world.announce(MediaWorld.pdf)["id"])
            async let first = world.put(MediaWorld.pdf, 1, of: id)
            async let second = world.put(MediaWorld.pdf, 2, of: id)
            try await eventually { gate.arrivals == 2 }
            gate.open()
            #expect(try await [first.status, second.status].sorted() == [204, 409])
            #expect(try await world.objects().count == 1)
            #expect(try await world.complete(id).status == 202)
        }
    }

    @Test func `the total size of a person's files is limited`() async throws {
        try await MediaWorld.with(settings: ["HUB_MEDIA_QUOTA_GIB": "2"]) { world in
            let complete = try await world.upload(MediaWorld.pdf)
            func announce(_ sizeBytes: Int, by user: UserID = MediaWorld.teacher) async throws -> TestAnswer {
                try await world.announce([], as: "video/mp4", by: MediaWorld.person(user), sizeBytes: sizeBytes)
            }
            let gibibyte = 1 << 30
            #expect(try await announce(2 * gibibyte).code == "quota-exceeded")
            #expect(try await announce(gibibyte).status == 201)
            #expect(try await announce(gibibyte - MediaWorld.pdf.count).status == 201)
            let refused = try await announce(1)
            #expect(refused.status == 409 && refused.code == "quota-exceeded")
            #expect(refused["detail"]?.contains("2 GiB") == true)
            #expect(try await announce(2 * gibibyte, by: UserID(checked: "usr_other")).status == 201)
            world.service.clock.advance(by: Medium.uploadTimeMax + 1)
            try await world.service.runJob("expire uploads")
            #expect(try await announce(gibibyte).status == 201)
            #expect(try await world.medium(complete).status == 200)
        }
    }

    @Test(arguments: ["0", "-1", "9223372036854775807"])
    func `a quota out of range is refused`(quota: String) throws {
        let settings = try Settings(commandLine: ["HUB_MEDIA_QUOTA_GIB": quota])
        #expect(throws: SettingsError.self) { try MediaConfig(settings) }
    }

    @Test func `an announcement with invalid fields, course or sender is refused`() async throws {
        try await MediaWorld.with { world in
            #expect(try await world.announce([1], as: "text/html").complaints == ["contentType"])
            #expect(try await world.announce([], as: "image/png").complaints == ["sizeBytes"])
            let wrong = try await world.service.send(
                .post, "/media", as: MediaWorld.person(),
                json:
                    "{\"fileName\": \"\", \"contentType\": \"image/png\", \"sizeBytes\": 20971521, \"sha256\": \"zz\"}")
            #expect(wrong.complaints == ["fileName", "sha256", "sizeBytes"])
            #expect(try await world.announce([1], more: ", \"courseId\": \"crs_2\"").status == 404)
            let other = MediaWorld.person(UserID(checked: "usr_other"))
            #expect(try await world.announce([1], more: ", \"courseId\": \"crs_1\"", by: other).status == 404)
            #expect(try await world.announce([1], by: MediaWorld.person(MediaWorld.teacher, .student)).status == 403)
            #expect(try await world.announce([1], by: .anonymous).status == 401)
        }
    }

    @Test func `an announcement with a key creates one medium`() async throws {
        try await MediaWorld.with { world in
            let first = try await world.announce(MediaWorld.pdf, key: "one")
            let again = try await world.announce(MediaWorld.pdf, key: "one")
            #expect(first["id"] == again["id"] && first["id"] != nil)
        }
    }

    @Test func `a medium is 404 for other people, except administrators`() async throws {
        try await MediaWorld.with { world in
            let id = try #require(try await world.announce(MediaWorld.pdf)["id"])
            let other = MediaWorld.person(UserID(checked: "usr_other"))
            #expect(try await world.put([1], 1, of: id, by: other).status == 404)
            #expect(try await world.complete(id, by: other).status == 404)
            #expect(try await world.medium(id, by: other).status == 404)
            #expect(try await world.medium(id, by: MediaWorld.person(UserID(checked: "usr_a"), .admin)).status == 200)
            #expect(try await world.put([1], 0, of: id).status == 404)
            #expect(try await world.put([1], 1_001, of: id).status == 404)
        }
    }

    @Test func `the incomplete uploads of a person are limited`() async throws {
        try await MediaWorld.with { world in
            for _ in 0..<Medium.uploadsPerPersonMax {
                let answer = try await world.announce([1])
                #expect(answer.status == 201)
            }
            let answer = try await world.announce([1])
            #expect(answer.code == "too-many-uploads")
        }
    }

    @Test func `an incomplete upload is deleted with its parts after a day`() async throws {
        try await MediaWorld.with { world in
            let id = try #require(try await world.announce(MediaWorld.pdf)["id"])
            _ = try await world.put([1], 1, of: id)
            let complete = try await world.upload(MediaWorld.pdf)
            world.service.clock.advance(by: Medium.uploadTimeMax - 1)
            try await world.service.runJob("expire uploads")
            #expect(try await world.medium(id).status == 200)
            world.service.clock.advance(by: 2)
            try await world.service.runJob("expire uploads")
            try await world.service.runTasks()
            #expect(try await world.medium(id).status == 404)
            #expect(try await world.objects() == ["media/\(complete)/original"])
        }
    }

    @Test func `erasure keeps only the files of courses, without the owner's name`() async throws {
        try await MediaWorld.with { world in
            let own = try await world.upload(MediaWorld.pdf)
            let taught = try await world.upload(MediaWorld.pdf, more: ", \"courseId\": \"crs_1\"")
            let event = UserDeleted(userID: MediaWorld.teacher, deletedAt: world.service.clock.now)
            let id = EventID.make(at: world.service.clock.now)
            #expect(try await world.service.deliver(event, id: id))
            #expect(try await !world.service.deliver(event, id: id))
            try await world.service.runTasks()
            let admin = MediaWorld.person(UserID(checked: "usr_a"), .admin)
            #expect(try await world.medium(own, by: admin).status == 404)
            #expect(try await world.medium(taught, by: admin).status == 200)
            #expect(try await world.medium(taught).status == 404)
            #expect(try await world.objects() == ["media/\(taught)/original"])
            #expect(
                try await world.service.count(
                    "select count(*) from medium where owner_id is not null or file_name <> 'file'")
                    == 0)
            #expect(try await world.announce([1]).status == 403)
        }
    }

    @Test(arguments: [true, false])
    func `its owner and administrators delete a medium with its objects, and content is told`(
        byOwner: Bool
    ) async throws {
        try await MediaWorld.with { world in
            let id = try await world.upload(MediaWorld.pdf, more: ", \"lessonId\": \"lsn_1\"")
            try await world.transcode()
            let other = MediaWorld.person(UserID(checked: "usr_other"))
            #expect(try await world.delete(id, by: other).status == 404)
            #expect(try await world.delete(id, by: MediaWorld.person(MediaWorld.teacher, .student)).status == 403)
            #expect(try await world.delete(id, by: .anonymous).status == 401)
            try await world.service.runTasks()
            #expect(try await world.objects() == ["media/\(id)/original"])
            #expect(world.content.forgotten.isEmpty)
            let caller = byOwner ? MediaWorld.person() : MediaWorld.person(UserID(checked: "usr_a"), .admin)
            #expect(try await world.delete(id, by: caller).status == 204)
            #expect(try await world.delete(id, by: caller).status == 404)
            #expect(try await world.medium(id, by: caller).status == 404)
            try await world.service.runTasks()
            #expect(try await world.objects().isEmpty)
            #expect(world.content.forgotten == [id])
        }
    }

    @Test func `an incomplete upload is deleted with its parts, and nobody is told`() async throws {
        try await MediaWorld.with { world in
            let id = try #require(try await world.announce(MediaWorld.pdf)["id"])
            #expect(try await world.put(MediaWorld.pdf, 1, of: id).status == 204)
            #expect(try await world.delete(id).status == 204)
            #expect(try await world.complete(id).status == 404)
            try await world.service.runTasks()
            #expect(try await world.objects().isEmpty)
            #expect(world.content.forgotten.isEmpty)
        }
    }

    @Test func `of simultaneous completions one joins the parts, and the others are asked to wait`() async throws {
        let gate = Gate()
        try await MediaWorld.with(holding: (gate, ["/original"])) { world in
            let id = try #require(try await world.announce(MediaWorld.pdf)["id"])
            #expect(try await world.put(MediaWorld.pdf, 1, of: id).status == 204)
            async let first = world.complete(id)
            try await eventually { gate.arrivals == 1 }
            let answers = Tally()
            let second = Task {
                defer { answers.add() }
                return try await world.complete(id)
            }
            try await eventually { answers.value == 1 || gate.arrivals == 2 }
            #expect(gate.arrivals == 1)
            gate.open()
            let refused = try await second.value
            #expect(refused.status == 503 && refused.code == "too-busy" && refused.fields["retry-after"] != nil)
            #expect(try await first.status == 202)
            #expect(try await world.complete(id).status == 202)
        }
    }

    @Test func `a process that was killed while it joined the parts delays the next request for a limited time`()
        async throws
    {
        try await MediaWorld.with { world in
            let id = try #require(try await world.announce(MediaWorld.pdf)["id"])
            #expect(try await world.put(MediaWorld.pdf, 1, of: id).status == 204)
            let operations = world.service.service.operations, time = world.service.clock.now
            let begun = try await operations.store.beginAssembly(
                of: MediaID(checked: id), at: time, until: time + Medium.assemblyTimeMax, on: operations.database)
            #expect(begun)
            #expect(try await world.complete(id).status == 503)
            world.service.clock.advance(by: Medium.assemblyTimeMax + 1)
            #expect(try await world.complete(id).status == 202)
        }
    }

    @Test func `a completion that fails because another one succeeded has its result`() async throws {
        let gate = Gate()
        try await MediaWorld.with(holding: (gate, ["/original"])) { world in
            let id = try #require(try await world.announce(MediaWorld.pdf)["id"])
            // These bytes are refused when they are stored.
            #expect(try await world.put(MediaWorld.pdf.dropLast() + [0], 1, of: id).status == 204)
            async let completed = world.complete(id)
            try await eventually { gate.arrivals == 1 }
            try await world.service.database.execute("update medium set state = 'PROCESSING'")
            gate.open()
            #expect(try await completed.status == 202)
        }
    }

    @Test(arguments: [true, false])
    func `an upload that is deleted while it is completed leaves no objects`(byErasure: Bool) async throws {
        let gate = Gate()
        try await MediaWorld.with(holding: (gate, ["/original"])) { world in
            let id = try #require(try await world.announce(MediaWorld.pdf)["id"])
            #expect(try await world.put(MediaWorld.pdf, 1, of: id).status == 204)
            async let completed = world.complete(id)
            try await eventually { gate.arrivals == 1 }
            if byErasure {
                try await world.service.deliver(
                    UserDeleted(userID: MediaWorld.teacher, deletedAt: world.service.clock.now))
            } else {
                world.service.clock.advance(by: Medium.uploadTimeMax + 1)
                try await world.service.runJob("expire uploads")
            }
            try await world.service.runTasks()
            #expect(try await world.objects().isEmpty)
            gate.open()
            #expect(try await completed.status == 404)
            try await world.service.runTasks()
            #expect(try await world.objects().isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func `an object stored after a deletion by a process that was then killed is deleted later`(
        byErasure: Bool
    ) async throws {
        try await MediaWorld.with { world in
            let id = try #require(try await world.announce(MediaWorld.pdf)["id"])
            if byErasure {
                try await world.service.deliver(
                    UserDeleted(userID: MediaWorld.teacher, deletedAt: world.service.clock.now))
            } else {
                world.service.clock.advance(by: Medium.uploadTimeMax + 1)
                try await world.service.runJob("expire uploads")
            }
            try await world.service.runTasks()
            try await world.store("media/\(id)/parts/1")
            if byErasure {
                // The erasure does not wait for the later deletion.
                let told = try await world.service.send(
                    .get, "/internal/erasures/\(MediaWorld.teacher)", as: .service(.user))
                #expect(told.status == 200)
            }
            try await world.service.runTasks()
            #expect(try await world.objects().count == 1)
            world.service.clock.advance(by: Operations.storingTimeMax / .seconds(1))
            try await world.service.runTasks()
            #expect(try await world.objects().isEmpty)
        }
    }

    @Test(arguments: [
        ("video/mp4", MediaType.mp4), ("video/x-m4v", .mp4), ("video/quicktime", .quickTime), ("video/webm", .webm),
        ("image/png", .png), ("image/jpeg", .jpeg), ("image/webp", .webp), ("image/gif", .gif),
        ("application/pdf", .pdf), ("image/svg+xml", nil), ("audio/x-m4a", nil), ("application/octet-stream", nil),
    ])
    func `what libmagic says of a file leads to one type, or to none`(name: String, type: MediaType?) {
        #expect(MediaType(detected: name) == type)
        #expect(MediaType.allCases.filter { $0.detectedNames.contains(name) } == (type.map { [$0] } ?? []))
    }

    private static let png: [UInt8] =
        [0x89] + Array("PNG\r\n".utf8) + [0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8) + [0, 0, 0, 1]

    private static let lies: [(type: String, bytes: [UInt8])] = [
        ("image/png", Array("<html><script>alert(1)</script></html>".utf8)),
        ("image/png", Array("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".utf8)),
        ("image/png", Array("<!-- ".utf8) + png), ("image/png", Array(png.prefix(8))), ("image/png", [0]),
        ("image/jpeg", png), ("application/pdf", Array("<script>alert(1)</script>\n%PDF-1.7\n".utf8)),
        ("application/pdf", [0x50, 0x4B, 3, 4, 20, 0, 0, 0, 8, 0] + [UInt8](repeating: 0, count: 40)),
        ("video/mp4", Array("#EXTM3U\nfile:///etc/passwd\n".utf8)),
        ("video/mp4", [0, 0, 0, 24] + Array("ftypheic".utf8) + [0, 0, 0, 0] + Array("mif1heic".utf8)),
    ]

    @Test(arguments: lies)
    func `a file that is not what it claims to be is refused, and nothing of it is kept but its parts`(
        type: String, bytes: [UInt8]
    ) async throws {
        try await MediaWorld.with { world in
            let id = try #require(try await world.announce(bytes, as: type)["id"])
            #expect(try await world.put(bytes, 1, of: id).status == 204)
            let refused = try await world.complete(id)
            #expect(refused.status == 409 && refused.code == "wrong-type")
            #expect(try await world.service.published(MediaUploaded.self).isEmpty)
            #expect(try await world.objects() == ["media/\(id)/parts/1"])
        }
    }

    @Test func `the type of a file is found though its beginning came in small parts`() async throws {
        try await MediaWorld.with { world in
            let bytes = Self.png + [UInt8](repeating: 0, count: 100)
            let id = try #require(try await world.announce(bytes, as: "image/png")["id"])
            for (index, start) in stride(from: 0, to: bytes.count, by: 10).enumerated() {
                let part = Array(bytes[start..<min(start + 10, bytes.count)])
                #expect(try await world.put(part, index + 1, of: id).status == 204)
            }
            #expect(try await world.complete(id).status == 202)
        }
    }
}
