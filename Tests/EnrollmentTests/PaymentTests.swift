import Contracts
@testable import Enrollment
import HTTP
import HubTesting
import Platform
import ServiceTesting
import Testing

/// A reserved place and its payment.
@Suite struct PaymentTests {
    @Test func `a successful payment creates an enrolment and one event`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, payment = PaymentID.new, course = campus.addCourse("ARTICLE")
            let place = try await hub.reserve(ada, in: course, payment)
            #expect(place.status == 201 && place["status"] == "PENDING_PAYMENT")
            let event = try PaymentCompleted.of(payment, by: ada, for: course), id = EventID.new
            try await hub.deliver(event, id: id)
            #expect(try await !hub.deliver(event, id: id))
            let told = try await hub.published(EnrollmentCreated.self).map(\.data)
            #expect(told.count == 1 && told.first?.enrollmentID.rawValue == place["enrollmentId"])
            #expect(told.first?.userID == ada && told.first?.courseID == course)
            #expect(told.first?.paymentID == payment && told.first?.source == .purchase)
        }
    }

    @Test func `a second event of a payment has no effect, in one batch or later`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, eve = UserID.new, course = campus.addCourse("ARTICLE")
            let payment = PaymentID.new, other = PaymentID.new
            _ = try await hub.reserve(ada, in: course, payment)
            let first = try PaymentCompleted.of(payment, by: ada, for: course)
            // Eve's place was never kept here.
            let second = try PaymentCompleted.of(other, by: eve, for: course)
            #expect(try await hub.deliver(together: [first, first, second, second]) == 4)
            try await hub.deliver(together: [second, first])
            #expect(try await hub.rowCount("enrollment") == 2)
            #expect(Set(try await hub.published(EnrollmentCreated.self).map(\.data.userID)) == [ada, eve])
            #expect(try await hub.published(EnrollmentCreated.self).count == 2)
        }
    }

    @Test func `a payment without a course is ignored`() async throws {
        try await Campus.with { hub, _ in
            try await hub.deliver(try PaymentCompleted.of(.new, by: .new, for: nil))
            #expect(try await hub.rowCount("enrollment") == 0)
            #expect(try await hub.rowCount("outbox") == 0)
        }
    }

    @Test func `a learner gets one place, and the same payment gets the same place`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, payment = PaymentID.new, course = campus.addCourse("ARTICLE")
            let place = try await hub.reserve(ada, in: course, payment)
            #expect(try await hub.reserve(ada, in: course, payment)["enrollmentId"] == place["enrollmentId"])
            let other = try await hub.reserve(ada, in: course, .new)
            #expect(other.status == 409 && other.code == "already-enrolled")
            try await hub.deliver(try PaymentCompleted.of(payment, by: ada, for: course))
            #expect(try await hub.reserve(ada, in: course, payment)["status"] == "ACTIVE")
            #expect(try await hub.reserve(ada, in: course, .new).code == "already-enrolled")
        }
    }

    @Test func `of concurrent reservations one gets the place`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE")
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<12 {
                    group.addTask {
                        switch index % 3 {
                        case 0: return try await hub.reserve(ada, in: course, .new).status
                        case 1:
                            try await hub.deliver(try PaymentCompleted.of(.new, by: ada, for: course))
                            return 0
                        default:
                            return try await hub.send(
                                .post, "/internal/enrollments", as: .service(.payment),
                                json: #"{"userId": "\#(ada)", "courseId": "\#(course)", "source": "FREE"}"#
                            ).status
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.allSatisfy { [0, 201, 409].contains($0) })
            #expect(try await hub.rowCount("enrollment") == 1)
            #expect(try await hub.published(EnrollmentCreated.self).count <= 1)
        }
    }

    @Test func `a place is reserved for half an hour`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, eve = UserID.new, course = campus.addCourse("ARTICLE")
            let late = PaymentID.new
            let first = EnrollmentID(
                checked: try #require(try await hub.reserve(ada, in: course, late)["enrollmentId"]))
            campus.clock.advance(by: 1_700)
            let second = try await hub.reserve(eve, in: course, .new)
            campus.clock.advance(by: 200)
            try await hub.runJob("expire reservations")
            #expect(try await hub.state(of: first) == .expired)
            #expect(try await hub.state(of: EnrollmentID(checked: second["enrollmentId"] ?? "")) == .pendingPayment)
            #expect(try await hub.reserve(ada, in: course, .new).status == 201)
        }
    }

    @Test func `an overdue reservation does not block a new one before the cleanup`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE")
            _ = try await hub.reserve(ada, in: course, .new)
            campus.clock.advance(by: 1_801)
            #expect(try await hub.reserve(ada, in: course, .new).status == 201)
        }
    }

    @Test func `a payment with an expired reservation still enrols`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, payment = PaymentID.new, course = campus.addCourse("ARTICLE")
            let place = try await hub.reserve(ada, in: course, payment)
            campus.clock.advance(by: 1_801)
            try await hub.runJob("expire reservations")
            try await hub.deliver(try PaymentCompleted.of(payment, by: ada, for: course))
            let told = try await hub.published(EnrollmentCreated.self).map(\.data.enrollmentID.rawValue)
            #expect(told == [place["enrollmentId"]])
        }
    }

    @Test func `a payment does not enrol if another enrolment exists`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, payment = PaymentID.new, course = campus.addCourse("ARTICLE")
            let place = try await hub.reserve(ada, in: course, payment)
            campus.clock.advance(by: 1_801)
            let other = try await hub.enroll(ada, in: course)
            try await hub.deliver(try PaymentCompleted.of(payment, by: ada, for: course))
            #expect(try await hub.state(of: EnrollmentID(checked: place["enrollmentId"] ?? "")) == .expired)
            #expect(try await hub.published(EnrollmentCreated.self).map(\.data.enrollmentID) == [other])
        }
    }

    @Test func `a released place is free, also after a repeated release`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, payment = PaymentID.new, course = campus.addCourse("ARTICLE")
            _ = try await hub.reserve(ada, in: course, payment)
            for _ in 0..<2 {
                let answer = try await hub.send(
                    .delete, "/internal/enrollments/reservations/\(payment)", as: .service(.payment))
                #expect(answer.status == 204)
            }
            #expect(try await hub.reserve(ada, in: course, .new).status == 201)
        }
    }

    @Test func `a refunded payment does not enrol`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, payment = PaymentID.new, course = campus.addCourse("ARTICLE")
            let place = try await hub.reserve(ada, in: course, payment)
            try await hub.deliver(try PaymentCompleted.of(payment, by: ada, for: course))
            let target = "/internal/enrollments/\(place["enrollmentId"] ?? "")/refunded"
            for _ in 0..<2 {
                #expect(try await hub.send(.put, target, as: .service(.payment), json: "{}").status == 204)
            }
            try await hub.deliver(try PaymentCompleted.of(payment, by: ada, for: course))
            #expect(try await hub.state(of: EnrollmentID(checked: place["enrollmentId"] ?? "")) == .refunded)
            #expect(try await hub.published(EnrollmentCreated.self).count == 1)
            let unknown = "/internal/enrollments/\(EnrollmentID.new)/refunded"
            #expect(try await hub.send(.put, unknown, as: .service(.payment), json: "{}").status == 404)
            // A repeated enrolment gets a new row.
            #expect(try await hub.reserve(ada, in: course, .new).status == 201)
        }
    }

    @Test func `an enrolment without payment is created once per key`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE")
            let body = #"{"userId": "\#(ada)", "courseId": "\#(course)", "source": "SUBSCRIPTION"}"#
            let first = try await hub.send(
                .post, "/internal/enrollments", as: .service(.payment), json: body, fields: ["idempotency-key": "k"])
            let second = try await hub.send(
                .post, "/internal/enrollments", as: .service(.payment), json: body, fields: ["idempotency-key": "k"])
            #expect(first.status == 201 && first["status"] == "ACTIVE" && first["enrollmentId"] != nil)
            #expect(second.status == 201 && second["enrollmentId"] == first["enrollmentId"])
            let third = try await hub.send(.post, "/internal/enrollments", as: .service(.payment), json: body)
            #expect(third.status == 409 && third.code == "already-enrolled")
            let told = try await hub.published(EnrollmentCreated.self).map(\.data)
            #expect(told.map(\.source) == [.subscription] && told.map(\.paymentID) == [nil])
        }
    }

    @Test(arguments: [
        #"{"userId": "usr_1", "courseId": "crs_1", "source": "GIFT"}"#,
        #"{"userId": "crs_1", "courseId": "crs_1", "source": "FREE"}"#, #"{"userId": "usr_1"}"#,
        #"{"userId": "usr_1", "courseId": "crs_1", "source": "FREE", "state": "COMPLETED"}"#,
    ])
    func `an invalid enrolment is refused`(body: String) async throws {
        try await Campus.with { hub, _ in
            let answer = try await hub.send(.post, "/internal/enrollments", as: .service(.payment), json: body)
            #expect(answer.status == 422 && answer.code == "invalid-body")
        }
    }

    @Test func `only payment may enrol, reserve and refund`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE")
            let enrollment = try await hub.enroll(ada, in: course)
            for (method, target) in [
                (.post, "/internal/enrollments"), (.post, "/internal/enrollments/reservations"),
                (.delete, "/internal/enrollments/reservations/pay_1"),
                (.put, "/internal/enrollments/\(enrollment)/refunded"),
            ] as [(HTTPMethod, String)] {
                for identity in [.learner(ada), .administrator, .anonymous, .service(.content)] as [Identity] {
                    let answer = try await hub.send(method, target, as: identity, json: "{}")
                    #expect([401, 403].contains(answer.status), "\(method) \(target) as \(identity)")
                }
            }
        }
    }
}
