import Foundation
import HTTP
import HubTesting
import Secrets
import SystemTesting
import Testing

/// Teaching and learning through the gateway: a course is drafted, written, published, found and read.
@Suite struct CourseFlowTests {
    private struct Page: Decodable {
        struct Medium: Decodable {
            let id, status: String
            let renditions: [Rendition]
        }
        struct Rendition: Decodable {
            let name, url: String
        }
        let html: String
        let markdown: String?
        let media: [Medium]
    }
    private struct Announcement: Encodable {
        let fileName, contentType: String
        let sizeBytes: Int
        let sha256, lessonId: String
    }
    private struct Enrolled: Decodable {
        let enrollmentId: String
    }
    private struct Opinion: Encodable {
        let rating: Int
        let text: String
    }
    private struct Rated: Decodable {
        let average: Double?
        let count: Int
    }

    @Test func `a course is drafted and published, and other services receive the events`() async throws {
        let school = try await School.open()
        let client = school.client, (teacher, learner) = (school.teacher, school.learner)
        let course = try await Self.draft(in: school)
        #expect(try await Self.draft(in: school).id == course.id, "the same key creates one course")
        #expect(try await client.get(course.content, token: learner).status == 404)
        #expect(try await client.get("/courses/\(course.id)").status == 404)

        try await client.publish(course.id, token: teacher)
        let found = try await client.get("/courses?query=primes").json(HubClient.List<HubClient.Made>.self)
        #expect(found.items.map(\.id) == [course.id])
        // Content has stored the facts of the draft; the event makes it request them again.
        try await eventually("content hears that the course is published") {
            try await client.get(course.content, token: learner).status == 403
        }
        let page = try await client.get(course.content, token: teacher).json(Page.self)
        #expect(page.markdown == "There is **another**.")
        #expect(try await client.get("/internal/courses/\(course.id)", token: teacher).status == 404)
        #expect(try await school.hub.stop() == [0])
    }

    @Test func `a learner enrols, reads, watches, makes progress, reviews, and withdraws`() async throws {
        let school = try await School.open(), course = try await Self.draft(in: school)
        let client = school.client, learner = school.learner
        let film = try await Self.upload(try await SampleFile.film("a.mp4", seconds: 1), to: course, in: school)
        try await client.publish(course.id, token: school.teacher)
        let ordered = try await client.send(
            .post, "/enrollments", token: learner, json: ["courseId": course.id], fields: ["idempotency-key": "e1"])
        try #require(ordered.status == 201, "\(ordered.text)")
        let enrollment = try ordered.json(Enrolled.self).enrollmentId
        try await eventually("content hears of the enrolment") {
            try await client.get(course.content, token: learner).status == 200
        }
        let page = try await client.get(course.content, token: learner).json(Page.self)
        #expect(page.html == "<p>There is <strong>another</strong>.</p>\n" && page.markdown == nil)
        let medium = try #require(page.media.first { $0.id == film })
        #expect(Set(medium.renditions.map(\.name)) == ["video.mp4", "poster.jpg"])
        // A browser sends no token for the media of a page.
        let url = try #require(medium.renditions.first { $0.name == "video.mp4" }?.url)
        let whole = try await client.get(url)
        let part = try await client.send(.get, url, fields: ["range": "bytes=10-109"])
        #expect(whole.status == 200 && part.status == 206 && part.body == Array(whole.body[10..<110]))
        #expect(part.fields["content-range"] == "bytes 10-109/\(whole.body.count)")

        let reviews = "/courses/\(course.id)/reviews", opinion = Opinion(rating: 4, text: "Clear.")
        let early = try await client.send(.post, reviews, token: learner, json: opinion)
        #expect(try early.json(HubClient.Complaint.self).code == "no-progress")
        let report = HubClient.ProgressReport(enrollment, course.article, percent: 50)
        #expect(try await client.send(.put, "/progress", token: learner, json: report).status == 200)
        #expect(try await client.send(.post, reviews, token: learner, json: opinion).status == 201)
        let rated = try await client.get(reviews).json(Rated.self)
        #expect(rated.average == 4 && rated.count == 1)

        let left = try await client.send(.post, "/enrollments/\(enrollment)/withdraw", token: learner)
        #expect(left.status == 200)
        try await eventually("content hears that the learner has left") {
            try await client.get(course.content, token: learner).status == 403
        }
        #expect(try await school.hub.stop() == [0])
    }

    private static func draft(in school: School) async throws -> TestDraft {
        try await school.client.draftCourse(
            "Primes", price: "0", markdown: "There is **another**.", key: "k1", token: school.teacher)
    }

    /// Uploads a video in two parts to the lesson of a course, and waits until its renditions exist.
    /// - Returns: its id.
    private static func upload(
        _ bytes: [UInt8], to course: TestDraft, in school: School
    ) async throws -> String {
        let (client, teacher) = (school.client, school.teacher)
        let announcement = Announcement(
            fileName: "film.mp4", contentType: "video/mp4", sizeBytes: bytes.count,
            sha256: SHA256.digest(bytes).map { String(format: "%02x", $0) }.joined(), lessonId: course.article)
        let announced = try await client.send(.post, "/media", token: teacher, json: announcement)
        try #require(announced.status == 201, "\(announced.text)")
        let id = try announced.json(HubClient.Made.self).id
        let middle = bytes.count / 2
        for (number, part) in [(2, bytes[middle...]), (1, bytes[..<middle])] {
            let put = try await client.send(.put, "/media/\(id)/parts/\(number)", token: teacher, bytes: Array(part))
            #expect(put.status == 204, "\(put.text)")
        }
        #expect(try await client.send(.post, "/media/\(id)/complete", token: teacher).status == 202)
        try await eventually(within: .seconds(120), "the film is in the lesson, ready to be watched") {
            let page = try await client.get(course.content, token: teacher).json(Page.self)
            return page.media.first { $0.id == id }?.renditions.isEmpty == false
        }
        return id
    }
}
