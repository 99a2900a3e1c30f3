import Avro
import Contracts
import Foundation
import Testing

@Suite struct EnvelopeTests {
    // The three messages of the requirement's "Message Schema Examples".
    static let registered = """
        {
          "eventId": "evt_1234567890",
          "eventType": "user.registered",
          "timestamp": "2024-01-16T18:00:00Z",
          "version": "1.0",
          "data": {
            "userId": "usr_abc123",
            "email": "student@example.com",
            "firstName": "John",
            "lastName": "Doe",
            "role": "STUDENT",
            "registeredAt": "2024-01-16T18:00:00Z"
          },
          "metadata": {
            "correlationId": "req_xyz789",
            "source": "user-service",
            "traceId": "trace_456"
          }
        }
        """
    static let paid = """
        {
          "eventId": "evt_9876543210",
          "eventType": "payment.completed",
          "timestamp": "2024-01-16T18:05:00Z",
          "version": "1.0",
          "data": {
            "paymentId": "pay_def456",
            "userId": "usr_abc123",
            "courseId": "crs_ghi789",
            "amount": 49.99,
            "currency": "USD",
            "stripePaymentId": "pi_stripe123",
            "completedAt": "2024-01-16T18:05:00Z"
          },
          "metadata": {
            "correlationId": "req_payment123",
            "source": "payment-service",
            "traceId": "trace_789"
          }
        }
        """
    static let completed = """
        {
          "eventId": "evt_completion123",
          "eventType": "enrollment.completed",
          "timestamp": "2024-01-20T14:30:00Z",
          "version": "1.0",
          "data": {
            "enrollmentId": "enr_xyz123",
            "userId": "usr_abc123",
            "courseId": "crs_ghi789",
            "completedAt": "2024-01-20T14:30:00Z",
            "finalScore": 92.5,
            "duration": "30 days"
          },
          "metadata": {
            "correlationId": "req_complete456",
            "source": "enrollment-service",
            "traceId": "trace_comp999"
          }
        }
        """

    private func roundTrip<E: Event>(_ text: String, _ event: E.Type) throws -> Envelope<E> {
        let envelope = try Envelope<E>(json: JSONTree(parsing: text))
        let again = try Envelope<E>(avro: envelope.encoded())
        #expect(again == envelope)
        // To the letter: order of members, times, numbers.
        #expect(try again.json().prettyText() == text)
        return again
    }

    @Test func `the example messages of the specification survive a round trip`() throws {
        let registered = try roundTrip(Self.registered, UserRegistered.self)
        #expect(registered.data.role == .student)
        #expect(registered.timestamp == Date(timeIntervalSince1970: 1_705_428_000))
        #expect(registered.metadata.source == ServiceName.user.eventSource)
        let paid = try roundTrip(Self.paid, PaymentCompleted.self)
        #expect(paid.data.amount == Money("49.99", .usd))
        let completed = try roundTrip(Self.completed, EnrollmentCompleted.self)
        #expect(completed.data.finalScore == 92.5)
    }

    @Test func `a message of another type, a foreign id and a wrong amount are refused`() throws {
        let other = try Envelope<PaymentCompleted>(json: JSONTree(parsing: Self.paid)).encoded()
        #expect(throws: AvroError.self) { try Envelope<PaymentFailed>(avro: other) }
        for (was, becomes) in [
            ("usr_abc123", "crs_abc123"), ("usr_abc123", "usr_ABC"), ("usr_abc123", "usr_"), ("49.99", "49.999"),
            ("49.99", "10000000000.00"), ("USD", "usd"), ("2024-01-16T18:05:00Z", "yesterday"),
        ] {
            let text = Self.paid.replacingOccurrences(of: was, with: becomes)
            #expect(throws: AvroError.self, "\(becomes)") {
                try Envelope<PaymentCompleted>(json: JSONTree(parsing: text))
            }
        }
    }

    @Test func `the event that caused another is named, and left out at the root`() throws {
        var envelope = try Envelope<UserRegistered>(json: JSONTree(parsing: Self.registered))
        envelope.metadata.causationID = try EventID(validating: "evt_cause1")
        #expect(try envelope.json()["metadata"]?["causationId"] == .string("evt_cause1"))
        #expect(try Envelope<UserRegistered>(avro: envelope.encoded()) == envelope)
    }

    @Test func `a message of an older schema is read with defaults`() throws {
        let bytes = try Envelope<UserRegistered>(json: JSONTree(parsing: Self.registered)).encoded()
        // As if causationId had been added since, and a field dropped.
        let older = try Schema(
            parsing: UserRegistered.schema.compactText.replacingOccurrences(
                of:
                    #",{"name":"causationId","type":["null","string"],"default":null,"doc":"The event that caused this event; null if a request caused it."}"#,
                with: #",{"name":"zone","type":"string"}"#))
        let zone: [UInt8] = [8] + Array("CET1".utf8)
        let plan = try ResolutionPlan(writer: older, reader: UserRegistered.schema)
        #expect(!plan.isIdentity)
        let envelope = try Envelope<UserRegistered>(avro: [9, 9] + bytes.dropLast() + zone, from: 2, by: plan)
        #expect(try envelope.json().prettyText() == Self.registered)
    }
}
