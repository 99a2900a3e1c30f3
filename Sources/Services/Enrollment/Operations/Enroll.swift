internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

extension Operations {
    /// Enrols somebody who need not pay.
    /// - Throws: ``EnrollmentError/alreadyEnrolled``, ``EnrollmentError/notFound`` for an erased learner.
    func enroll(
        _ user: UserID, in course: CourseID, _ source: EnrollmentSource, _ once: Once
    ) async throws -> Enrollment {
        try await database.transaction { tx in
            try await once.run(on: tx) {
                if try await store.lockLearner(user, on: tx) { throw EnrollmentError.notFound }
                let time = now()
                let enrollment = Enrollment.active(user, in: course, source, id: .make(at: time), at: time)
                guard try await insert(enrollment, on: tx) else { throw EnrollmentError.alreadyEnrolled }
                try await announce(enrollment, on: tx)
                return enrollment
            } again: { id in
                guard let enrollment = try await store.find(id, on: tx) else { throw EnrollmentError.notFound }
                return enrollment
            }
        }
    }

    /// Enrols who has paid, once for a payment, however often that is said. Where the learner has another enrolment in the course by now,
    /// nothing happens, and payment gives the money back.
    func enroll(paid payment: PaymentCompleted, on tx: Transaction) async throws {
        guard let course = payment.courseID else { return }
        if try await store.lockLearner(payment.userID, on: tx) { return }
        let time = now()
        if var enrollment = try await store.lock(paidBy: payment.paymentID, on: tx) {
            guard enrollment.state.awaitsPayment else { return }
            enrollment.activate(at: time)
            store.expireOverdue(payment.userID, in: course, at: time, on: tx)
            if try await store.updateUnlessTaken(enrollment, on: tx) { try await announce(enrollment, on: tx) }
        } else {
            let enrollment = Enrollment.active(
                payment.userID, in: course, .purchase, payment.paymentID, id: .make(at: time), at: time)
            if try await insert(enrollment, on: tx) { try await announce(enrollment, on: tx) }
        }
    }

    /// - Returns: false when the learner has an open enrolment in the course, or a place is kept for them.
    func insert(_ enrollment: Enrollment, on tx: Transaction) async throws -> Bool {
        store.expireOverdue(enrollment.userID, in: enrollment.courseID, at: now(), on: tx)
        return try await store.insert(enrollment, on: tx)
    }

    /// Tells everybody; grades that came before the enrolment count from now on.
    private func announce(_ enrollment: Enrollment, on tx: Transaction) async throws {
        guard let created = EnrollmentCreated(enrollment) else { return }
        try outbox.append(created, on: tx)
        if try await store.hasGrades(enrollment.userID, in: enrollment.courseID, on: tx) {
            try tasks.enqueue(
                AssessEnrollment(enrollmentID: enrollment.id), key: "\(enrollment.id).enrolled", on: tx)
        }
    }
}

extension EnrollmentCreated {
    /// nil for a place that is not paid for.
    fileprivate init?(_ enrollment: Enrollment) {
        guard let enrolledAt = enrollment.enrolledAt else { return nil }
        self.init(
            enrollmentID: enrollment.id, userID: enrollment.userID, courseID: enrollment.courseID,
            paymentID: enrollment.paymentID, source: enrollment.source, enrolledAt: enrolledAt)
    }
}
