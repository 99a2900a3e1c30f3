internal import Contracts
internal import Platform
internal import Postgres

/// The task of notifying an instructor's learners of another course.
struct TellLearners: TaskPayload {
    static let kind = "tell-learners"
    /// The number of learners per transaction.
    static let countMax = 200

    let courseID: String
    /// The event of the publication.
    let cause: String
}

extension Operations {
    /// Notifies everybody who is enrolled with the course's instructor. They may be many, so a separate task does it.
    func beginTellingLearners(of course: CourseID, because cause: EventID, on tx: Transaction) throws {
        try tasks.enqueue(
            TellLearners(courseID: course.rawValue, cause: cause.rawValue), key: course.rawValue, on: tx)
    }

    /// A retry from the beginning notifies nobody twice: a notification's id is derived from the event and the reader.
    func tellLearners(_ task: TellLearners) async throws {
        let course = try CourseID(validating: task.courseID), cause = try EventID(validating: task.cause)
        var last: UserID?
        while true {
            let users = try await store.listLearners(
                ofTeacherOf: course, after: last, countMax: TellLearners.countMax, on: database)
            guard let end = users.last else { return }
            last = end
            try await database.transaction { tx in
                let title = try await store.findTitle(of: course, on: tx) ?? ""
                let facts: Facts = [.courseID: course.rawValue, .courseTitle: title]
                for user in users {
                    let telling = Telling(
                        kind: .newCourse, userID: user, facts: facts, once: "\(cause)\(user.rawValue.dropFirst(4))")
                    let notice = Notice(telling, because: cause, at: now())
                    // People who are not known yet have no list.
                    _ = try await store.insertNotice(notice, on: tx)
                }
            }
        }
    }
}
