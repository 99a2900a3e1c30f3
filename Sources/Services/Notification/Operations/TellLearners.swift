internal import Contracts
internal import Platform
internal import Postgres

/// The task of notifying an instructor's learners of another course.
struct TellLearners: TaskPayload {
    static let kind = "tell-learners"
    /// The number of learners per task.
    static let countMax = 200

    let courseID: String
    /// The event of the publication.
    let cause: String
    /// The last learner of the previous task; nil in the first one.
    var after: String?
}

extension Operations {
    /// Notifies everybody who is enrolled with the course's instructor. They may be many, so separate tasks do it.
    func beginTellingLearners(of course: CourseID, because cause: EventID, on tx: Transaction) throws {
        try tasks.enqueue(
            TellLearners(courseID: course.rawValue, cause: cause.rawValue), key: course.rawValue, on: tx)
    }

    /// Notifies the next learners, and enqueues the task for those after them, so that a retry repeats only this part. It notifies nobody
    /// twice: a notification's id is derived from the event and the reader.
    func tellLearners(_ task: TellLearners) async throws {
        let course = try CourseID(validating: task.courseID), cause = try EventID(validating: task.cause)
        let users = try await store.listLearners(
            ofTeacherOf: course, after: try task.after.map(UserID.init(validating:)), countMax: TellLearners.countMax,
            on: database)
        try await database.transaction { tx in
            let title = try await store.findTitle(of: course, on: tx) ?? ""
            let facts: Facts = [.courseID: course.rawValue, .courseTitle: title]
            for user in users {
                let telling = Telling(
                    kind: .newCourse, userID: user, facts: facts, once: "\(cause)\(user.rawValue.dropFirst(4))")
                // People who are not known yet have no list.
                _ = try await store.insertNotice(Notice(telling, because: cause, at: now()), on: tx)
            }
            guard users.count == TellLearners.countMax, let last = users.last else { return }
            let next = TellLearners(courseID: task.courseID, cause: task.cause, after: last.rawValue)
            try tasks.enqueue(next, key: "\(cause).\(last)", on: tx)
        }
    }
}
