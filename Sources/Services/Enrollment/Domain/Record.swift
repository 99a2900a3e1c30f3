internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What a learner has done in a course.
struct Record: Sendable, Equatable {
    var lessons: [LessonID: LessonProgress] = [:]
    var grades: [LessonID: Grade] = [:]

    func percent(of lesson: Outline.Lesson) -> Double {
        guard lesson.kind.isGraded else { return lessons[lesson.id]?.percent ?? 0 }
        return grades[lesson.id]?.isPassed == true ? Standing.percentMax : 0
    }

    /// nil while it is not completed.
    func completedAt(_ lesson: Outline.Lesson) -> Date? {
        guard lesson.kind.isGraded else { return lessons[lesson.id]?.completedAt }
        return grades[lesson.id]?.passedAt
    }
}

/// How far somebody is in a lesson. It only rises.
struct LessonProgress: Sendable, Equatable {
    var percent: Double
    var completedAt: Date?
}

/// The best of the grades in a lesson.
struct Grade: Sendable, Equatable {
    var percent: Double
    /// nil while the pass mark has not been reached.
    var passedAt: Date?

    var isPassed: Bool { passedAt != nil }

    /// - Parameter passed: nil where there is no pass mark: to be graded is enough.
    init(percent: Double, passed: Bool?, at time: Date) {
        self.init(percent: percent, passedAt: passed ?? true ? time : nil)
    }

    init(percent: Double, passedAt: Date?) {
        self.percent = percent
        self.passedAt = passedAt
    }
}

/// How much of a course somebody has completed.
struct Standing: Sendable, Equatable {
    static let percentMax: Double = 100
    static let none = Standing(percent: 0, completedLessons: 0, totalLessons: 0)

    var percent: Double
    var completedLessons: Int
    /// Those that must be completed. 0 while nobody has asked.
    var totalLessons: Int

    var isComplete: Bool { totalLessons > 0 && completedLessons == totalLessons }
}

/// What a learner says of a lesson.
struct ProgressReport: Sendable {
    let enrollmentID: EnrollmentID
    let lessonID: LessonID
    let percent: Double
}

/// An enrolment with everything that is known of it, lesson by lesson.
struct EnrollmentDetail: Sendable {
    let enrollment: Enrollment
    let outline: Outline
    let record: Record
}
