internal import Contracts
internal import HTTP
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Facts of lessons from the course service, cached in the database for all processes of this service.
///
/// Cached facts are dropped when the course changes. While the course service does not respond, outdated facts are used.
struct Lessons: Sendable {
    static let keptTime: TimeInterval = 60

    let client: ServiceClient
    let database: Database
    let now: @Sendable () -> Date
    let store: Store

    /// - Throws: ``ContentError/notFound``; ``ServiceCallError`` when the course service does not respond and nothing is cached.
    func find(_ id: LessonID) async throws -> LessonFacts {
        let time = now()
        let known = try await store.findFacts(
            of: id, toldSince: time.addingTimeInterval(-Self.keptTime), on: database)
        if let known, known.isCurrent { return known.facts }
        do {
            let facts = LessonFacts(
                try await client.get(.course, "/internal/lessons/\(id)", as: CourseAnswer.self), of: id)
            try await store.upsert(facts, at: time, on: database)
            return facts
        } catch let error as ServiceCallError {
            if case .refused(_, let problem) = error, problem.status == .notFound {
                try await store.deleteFacts(of: id, on: database)
                throw ContentError.notFound
            }
            guard let known else { throw error }
            return known.facts
        }
    }
}

private struct CourseAnswer: Decodable {
    let courseId: CourseID
    let instructorId: UserID
    let courseStatus: CourseStatus
    let isPublic: Bool
    let courseVersion: Int
    let freePreview: Bool
}

extension LessonFacts {
    fileprivate init(_ answer: CourseAnswer, of id: LessonID) {
        self.init(
            id: id, courseID: answer.courseId, instructorID: answer.instructorId, isFreePreview: answer.freePreview,
            courseStatus: answer.courseStatus, isPublic: answer.isPublic, courseVersion: answer.courseVersion)
    }
}
