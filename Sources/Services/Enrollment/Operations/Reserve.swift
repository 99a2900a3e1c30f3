internal import Contracts
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// Reserves a place during payment. A repeated call for the same payment returns the same reservation; an expired one is renewed.
    /// - Throws: ``EnrollmentError/alreadyEnrolled``; ``EnrollmentError/notActive`` for a payment whose enrolment has ended;
    ///   ``EnrollmentError/notFound`` for an erased learner.
    func reserve(_ user: UserID, in course: CourseID, _ payment: PaymentID) async throws -> Enrollment {
        try await database.transaction { tx in
            if try await store.people.lock(user, on: tx).isErased() { throw EnrollmentError.notFound }
            let time = now()
            let end = time + limits.reservationSeconds
            guard var known = try await store.lock(paidBy: payment, on: tx) else {
                let place = Enrollment.reservation(for: user, in: course, payment, id: .make(at: time), until: end)
                guard try await insert(place, on: tx) else { throw EnrollmentError.alreadyEnrolled }
                return place
            }
            switch known.state {
            case .active, .completed: return known
            case .withdrawn, .refunded: throw EnrollmentError.notActive
            case .pendingPayment, .expired:
                known.reserveAgain(until: end)
                store.expireOverdue(user, in: course, at: time, on: tx)
                guard try await store.updateUnlessTaken(known, on: tx) else { throw EnrollmentError.alreadyEnrolled }
                return known
            }
        }
    }

    /// Releases the reservation of a payment; does nothing when there is none.
    func release(_ payment: PaymentID) async throws { try await store.expire(payment, on: database) }

    /// Expires old reservations. A payment that still succeeds enrols anyway.
    func expireReservations() async throws {
        while true {
            let countMax = limits.expiryCountMax
            if try await store.expireOverdue(at: now(), countMax: countMax, on: database) < countMax { return }
        }
    }
}
