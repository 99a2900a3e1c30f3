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
        if let known, isFresh(known) { return known.outline }
        do {
            return try await fetchOutline(of: course)
        } catch let error as ServiceCallError {
            guard let known else { throw error }
            return known.outline
        }
    }

    /// Several courses in their current or recently cached state. When the course service does not respond, or after
    /// ``Limits/listWaitMax``, the others are of the cached state, or missing.
    func outlines(of courses: Set<CourseID>) async throws -> [CourseID: Outline] {
        let known = try await store.findOutlines(of: courses, on: database)
        var outlines = known.mapValues { $0.outline }
        let end = uptime() + limits.listWaitMax
        for course in courses where known[course].map(isFresh) != true {
            let left = end - uptime()
            if left <= .zero { break }
            do {
                outlines[course] = try await fetchOutline(of: course, within: left)
            } catch EnrollmentError.notFound {
                continue
            } catch is ServiceCallError {
                break
            }
        }
        return outlines
    }

    private func isFresh(_ known: (outline: Outline, fetchedAt: Date)) -> Bool {
        now().timeIntervalSince(known.fetchedAt) < limits.outlineAgeSecondsMax
    }

    /// - Throws: ``EnrollmentError/notFound``, ``ServiceCallError``.
    private func fetchOutline(of course: CourseID, within timeout: Duration? = nil) async throws -> Outline {
        do {
            let outline = try await services.get(
                .course, "/internal/courses/\(course)", as: Outline.self, timeout: timeout)
            try await store.insert(outline, at: now(), on: database)
            return outline
        } catch ServiceCallError.refused(_, let problem) where problem.status == .notFound {
            throw EnrollmentError.notFound
        }
    }
}
