internal import Contracts
internal import HTTP
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// A course in its current or recently cached state. While the course service does not respond, an older cached state is used. No
    /// transaction is open during the request.
    /// - Parameter lesson: a lesson the course must contain; it may be newer than the cache.
    /// - Throws: ``EnrollmentError/notFound``; ``ServiceCallError`` when the cache is not sufficient.
    func outline(of course: CourseID, having lesson: LessonID? = nil) async throws -> Outline {
        let known = try await store.findOutline(of: course, on: database).flatMap { known in
            lesson.map { known.outline[$0] != nil } ?? true ? known : nil
        }
        if let known, now().timeIntervalSince(known.fetchedAt) < limits.outlineAgeSecondsMax { return known.outline }
        do {
            let outline = try await services.get(.course, "/internal/courses/\(course)", as: Outline.self)
            try await store.insert(outline, at: now(), on: database)
            return outline
        } catch let error as ServiceCallError {
            if case .refused(_, let problem) = error, problem.status == .notFound { throw EnrollmentError.notFound }
            guard let known else { throw error }
            return known.outline
        }
    }
}
