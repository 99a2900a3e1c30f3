internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

extension Operations {
    /// Enrols a learner who need not pay.
    /// - Throws: ``EnrollmentError/alreadyEnrolled``, ``EnrollmentError/notFound`` for an erased learner.
    func enroll(
        _ user: UserID, in course: CourseID, _ source: EnrollmentSource, _ once: Once
    ) async throws -> Enrollment {
        try await database.transaction { tx in
            try await once.run(on: tx) {
                let time = now()
                let enrollment = Enrollment.active(user, in: course, source, id: .make(at: time), at: time)
                switch try await store.enter(enrollment, at: time, on: tx) {
                case .erased: throw EnrollmentError.notFound
                case .alreadyEnrolled: throw EnrollmentError.alreadyEnrolled
                case .made(let hasGrades): try announce(enrollment, hasGrades: hasGrades, on: tx)
                }
                return enrollment
            } again: { id in
                guard let enrollment = try await store.find(id, on: tx) else { throw EnrollmentError.notFound }
                return enrollment
            }
        }
    }

    /// Enrols a learner who has paid, once per payment. If the learner meanwhile has another enrolment in the course, nothing happens,
    /// and the payment service refunds.
    func enroll(paid payment: PaymentCompleted, on tx: Transaction) async throws {
        guard let course = payment.courseID else { return }
        if try await store.people.lock(payment.userID, on: tx).isErased() { return }
        let time = now()
        if var enrollment = try await store.lock(paidBy: payment.paymentID, on: tx) {
            guard enrollment.state.awaitsPayment else { return }
            enrollment.activate(at: time)
            store.expireOverdue(payment.userID, in: course, at: time, on: tx)
            guard try await store.updateUnlessTaken(enrollment, on: tx) else { return }
            try await announceWithGrades(enrollment, on: tx)
        } else {
            let enrollment = Enrollment.active(
                payment.userID, in: course, .purchase, payment.paymentID, id: .make(at: time), at: time)
            if try await insert(enrollment, on: tx) { try await announceWithGrades(enrollment, on: tx) }
        }
    }

    /// - Returns: false when the learner already has an open enrolment or a reservation in the course.
    func insert(_ enrollment: Enrollment, on tx: Transaction) async throws -> Bool {
        store.expireOverdue(enrollment.userID, in: enrollment.courseID, at: now(), on: tx)
        return try await store.insert(enrollment, on: tx)
    }

    /// Sends the events.
    /// - Parameter hasGrades: whether there are earlier grades, which count from now on.
    private func announce(_ enrollment: Enrollment, hasGrades: Bool, on tx: Transaction) throws {
        guard let created = EnrollmentCreated(enrollment) else { return }
        try outbox.append(created, on: tx)
        if hasGrades {
            try tasks.enqueue(
                AssessEnrollment(enrollmentID: enrollment.id), key: "\(enrollment.id).enrolled", on: tx)
        }
    }

    private func announceWithGrades(_ enrollment: Enrollment, on tx: Transaction) async throws {
        let hasGrades = try await store.hasGrades(enrollment.userID, in: enrollment.courseID, on: tx)
        try announce(enrollment, hasGrades: hasGrades, on: tx)
    }
}

extension EnrollmentCreated {
    /// nil for an unpaid reservation.
    fileprivate init?(_ enrollment: Enrollment) {
        guard let enrolledAt = enrollment.enrolledAt else { return nil }
        self.init(
            enrollmentID: enrollment.id, userID: enrollment.userID, courseID: enrollment.courseID,
            paymentID: enrollment.paymentID, source: enrollment.source, enrolledAt: enrolledAt)
    }
}
