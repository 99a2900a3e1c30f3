import Contracts
import HTTP
import HubTesting
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Review

@Suite struct PublishingTests {
    @Test func `a learner with progress reviews a course, and everyone can read it`() async throws {
        try await ReviewWorld.with { world in
            let ada = world.learner(at: 10)
            let made = try await world.publish(5, "Clear.", by: ada)
            #expect(made.status == 201 && made.object["rating"] as? Int == 5)
            let id = try #require(made["id"])
            #expect(made.fields["location"] == "/reviews/\(id)")
            let list = try await world.list()
            #expect(list.items.compactMap { $0["text"] as? String } == ["Clear."])
            #expect(list.items.first?["authorId"] as? String == ada.rawValue && list["mine"] == nil)
            #expect(list.object["average"] as? Double == 5 && list.object["count"] as? Int == 1)
            let one = try await world.reviews.send(.get, "/reviews/\(id)")
            #expect(one["text"] == "Clear." && one.fields["etag"] == "\"1\"")
        }
    }

    @Test func `a learner without progress or enrolment cannot review`() async throws {
        try await ReviewWorld.with { world in
            for user in [world.learner(at: 9.9), UserID.make(at: ReviewWorld.time)] {
                let answer = try await world.publish(1, by: user)
                #expect(answer.status == 403 && answer.code == "no-progress")
            }
            let nobody = try await world.reviews.send(
                .post, "/courses/\(world.course)/reviews", json: #"{"rating": 1, "text": "A"}"#)
            #expect(nobody.status == 401)
            #expect(try await world.list().object["count"] as? Int == 0)
        }
    }

    @Test func `each enrolment has one review`() async throws {
        try await ReviewWorld.with { world in
            let ada = world.learner()
            #expect(try await world.publish(5, by: ada).status == 201)
            let again = try await world.publish(1, by: ada)
            #expect(again.status == 409 && again.code == "already-reviewed")
            world.enrollments.set(.make(at: ReviewWorld.time), of: ada, in: world.course, percent: 100)
            #expect(try await world.publish(3, by: ada).status == 201)
            #expect(try await world.histogram() == [0, 0, 1, 0, 1])
        }
    }

    @Test func `of concurrent reviews of an enrolment one is stored`() async throws {
        try await ReviewWorld.with { world in
            let ada = world.learner()
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await world.publish(4, by: ada).status } }
                var statuses: [Int] = []
                for try await status in group { statuses.append(status) }
                #expect(statuses.sorted() == [201] + Array(repeating: 409, count: 7))
            }
            #expect(try await world.histogram() == [0, 0, 0, 1, 0])
        }
    }

    @Test func `the same request with the same key publishes one review`() async throws {
        try await ReviewWorld.with { world in
            let ada = world.learner(), key: HTTPFields = ["idempotency-key": "k1"]
            let first = try await world.publish(4, by: ada, fields: key)
            // Its answer does not depend on the enrollment service.
            world.stopEnrollment()
            let again = try await world.publish(4, by: ada, fields: key)
            #expect(again.status == 201 && again["id"] == first["id"])
            #expect(try await world.histogram() == [0, 0, 0, 1, 0])
        }
    }

    @Test(arguments: [
        (#"{"text": "A"}"#, ["rating"]), (#"{"rating": 0}"#, ["rating"]), (#"{"rating": 6}"#, ["rating"]),
        (#"{"rating": 4.5}"#, ["rating"]), (#"{"rating": 4, "text": 7}"#, ["text"]),
        (#"{"rating": 4, "authorId": "usr_1"}"#, ["authorId"]),
    ])
    func `an invalid review is refused`(body: String, complaints: [String]) async throws {
        try await ReviewWorld.with { world in
            let answer = try await world.reviews.send(
                .post, "/courses/\(world.course)/reviews", as: .learner(world.learner()), json: body)
            #expect(answer.status == 422 && answer.complaints == complaints)
        }
    }

    private func completed(_ enrollment: EnrollmentID, of user: UserID, in world: ReviewWorld) async throws {
        try await world.reviews.deliver(
            EnrollmentCompleted(
                enrollmentID: enrollment, userID: user, courseID: world.course, completedAt: ReviewWorld.time,
                duration: "1 day"))
    }

    @Test(arguments: [("unavailable", false), ("too-busy", true)])
    func `while enrollment is down or busy only learners with a known completion can review`(
        code: String, isBusy: Bool
    ) async throws {
        try await ReviewWorld.with { world in
            let ada = world.learner(), bob = world.learner()
            if isBusy { world.enrollments.makeBusy() } else { world.stopEnrollment() }
            try await completed(.make(at: ReviewWorld.time), of: ada, in: world)
            #expect(try await world.publish(5, by: ada).status == 201)
            let refused = try await world.publish(5, by: bob)
            #expect(refused.status == 503 && refused.code == code)
        }
    }

    @Test func `a learner whose completed enrolment has ended cannot review`() async throws {
        try await ReviewWorld.with { world in
            let ada = world.learner(at: 100)
            try await completed(.make(at: ReviewWorld.time), of: ada, in: world)
            world.enrollments.end(of: ada, in: world.course)
            let refused = try await world.publish(5, by: ada)
            #expect(refused.status == 403 && refused.code == "no-progress")
        }
    }

    @Test func `the enrolment after a completed and reviewed one has its own review`() async throws {
        try await ReviewWorld.with { world in
            let ada = UserID.make(at: ReviewWorld.time), first = EnrollmentID.make(at: ReviewWorld.time)
            world.enrollments.set(first, of: ada, in: world.course, percent: 100)
            try await completed(first, of: ada, in: world)
            #expect(try await world.publish(5, by: ada).status == 201)
            world.enrollments.set(.make(at: ReviewWorld.time), of: ada, in: world.course, percent: 9.9)
            #expect(try await world.publish(3, by: ada).code == "no-progress")
            world.enrollments.set(.make(at: ReviewWorld.time), of: ada, in: world.course, percent: 10)
            #expect(try await world.publish(3, by: ada).status == 201)
        }
    }

    @Test func `reviews are paged, newest first, with the caller's own review`() async throws {
        try await ReviewWorld.with { world in
            var ids: [String] = [], users: [UserID] = []
            for rating in 1...5 {
                users.append(world.learner())
                ids.append(try await world.publish(rating, by: users[rating - 1])["id"] ?? "")
            }
            var seen: [String] = [], cursor: String?
            repeat {
                let page = try await world.list("?limit=2" + (cursor.map { "&cursor=\($0)" } ?? ""))
                seen += page.items.compactMap { $0["id"] as? String }
                cursor = page["nextCursor"]
            } while cursor != nil
            #expect(seen == ids.reversed())
            let mine = try await world.list("?limit=1", as: .learner(users[0])).object["mine"] as? [String: Any]
            #expect(mine?["id"] as? String == ids[0])
            #expect(try await world.list("?cursor=x").code == "invalid-query")
        }
    }
}

@Suite struct ChangingTests {
    @Test func `an author changes their review, and the rating follows`() async throws {
        try await ReviewWorld.with { world in
            let ada = world.learner()
            let id = try await world.publish(5, by: ada)["id"] ?? ""
            _ = try await world.publish(2, by: world.learner())
            world.reviews.clock.advance(by: 60)
            let changed = try await world.reviews.send(
                .patch, "/reviews/\(id)", as: .learner(ada), json: #"{"rating": 2}"#)
            #expect(changed.status == 200 && changed["text"] == "Good." && changed.fields["etag"] == "\"2\"")
            #expect(changed["updatedAt"] == "2027-01-15T08:01:00.000Z")
            let same = try await world.reviews.send(
                .patch, "/reviews/\(id)", as: .learner(ada), json: #"{"text": "Good."}"#)
            #expect(same.fields["etag"] == "\"2\"")
            #expect(try await world.histogram() == [0, 2, 0, 0, 0])
        }
    }

    @Test func `an author deletes a review and can write another`() async throws {
        try await ReviewWorld.with { world in
            let ada = world.learner()
            let id = try await world.publish(5, by: ada)["id"] ?? ""
            let removed = try await world.reviews.send(.delete, "/reviews/\(id)", as: .learner(ada))
            #expect(removed.status == 204)
            #expect(try await world.reviews.send(.delete, "/reviews/\(id)", as: .learner(ada)).status == 404)
            let list = try await world.list()
            #expect(
                list.items.isEmpty && list.object["count"] as? Int == 0 && list.object["average"] is Double == false)
            #expect(try await world.publish(3, by: ada).status == 201)
        }
    }

    @Test func `only its author and administrators can change a review`() async throws {
        try await ReviewWorld.with { world in
            let id = try await world.publish(1, by: world.learner())["id"] ?? ""
            let eve = Identity.learner(world.learner())
            let answers = [
                try await world.reviews.send(.patch, "/reviews/\(id)", as: eve, json: #"{"rating": 5}"#),
                try await world.reviews.send(.delete, "/reviews/\(id)", as: eve),
                try await world.reviews.send(.delete, "/reviews/\(id)"),
                try await world.reviews.send(.patch, "/reviews/\(id)", as: .administrator(), json: #"{"rating": 5}"#),
                try await world.reviews.send(.delete, "/reviews/\(id)", as: .administrator()),
                try await world.reviews.send(.get, "/reviews/\(id)"),
            ]
            #expect(answers.map(\.status) == [403, 403, 401, 403, 204, 404])
        }
    }

    @Test func `of two concurrent changes of one version, one is refused`() async throws {
        try await ReviewWorld.with { world in
            let ada = world.learner(), seen: HTTPFields = ["if-match": "\"1\""]
            let id = try await world.publish(5, by: ada)["id"] ?? ""
            func edit(_ rating: Int) async throws -> TestAnswer {
                try await world.reviews.send(
                    .patch, "/reviews/\(id)", as: .learner(ada), json: #"{"rating": \#(rating)}"#, fields: seen)
            }
            #expect(try await edit(4).status == 200)
            #expect(try await edit(3).code == "changed-meanwhile")
            let late = try await world.reviews.send(.delete, "/reviews/\(id)", as: .learner(ada), fields: seen)
            #expect(late.status == 412)
            #expect(try await world.histogram() == [0, 0, 0, 1, 0])
        }
    }

    @Test func `concurrent reviews of a course are all counted`() async throws {
        try await ReviewWorld.with { world in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        let ada = world.learner()
                        let id = try await world.publish(number % 5 + 1, by: ada)["id"] ?? ""
                        let body = #"{"rating": \#((number + 2) % 5 + 1)}"#
                        _ = try await world.reviews.send(.patch, "/reviews/\(id)", as: .learner(ada), json: body)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await world.histogram() == [4, 4, 4, 4, 4])
            #expect(try await world.list().object["average"] as? Double == 3)
        }
    }
}

@Suite struct RatingSummaryTests {
    @Test(arguments: [
        ([0, 0, 0, 0, 0], nil), ([1, 0, 0, 0, 0], 1), ([0, 0, 1, 1, 1], 4), ([1, 1, 0, 0, 1], 2.67),
    ])
    func `the average of the stars has two decimals`(counts: [Int], average: Double?) {
        #expect(RatingSummary(counts: counts).average == average)
    }
}
