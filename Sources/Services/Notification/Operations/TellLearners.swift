internal import Contracts
internal import Platform
internal import Postgres

/// The learners of an instructor are to be told of a further course.
struct TellLearners: TaskPayload {
    static let kind = "tell-learners"
    /// In one transaction.
    static let countMax = 200

    let courseID: String
    /// The event that says it is published.
    let cause: String
}

extension Operations {
    /// Has everybody who has enrolled with the instructor of a course told of it: they may be many, so that is done by itself.
    func beginTellingLearners(of course: CourseID, because cause: EventID, on tx: Transaction) throws {
        try tasks.enqueue(
            TellLearners(courseID: course.rawValue, cause: cause.rawValue), key: course.rawValue, on: tx)
    }

    /// Again from the beginning, nobody is told twice: a notice has the id of the event and of its reader.
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
                    // Whoever is not known has no list yet.
                    _ = try await store.insertNotice(notice, on: tx)
                }
            }
        }
    }
}
