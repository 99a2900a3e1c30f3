internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A learner's records in a course.
struct Record: Sendable, Equatable {
    var lessons: [LessonID: LessonProgress] = [:]
    var grades: [LessonID: Grade] = [:]

    func percent(of lesson: Outline.Lesson) -> Double {
        guard lesson.kind.isGraded else { return lessons[lesson.id]?.percent ?? 0 }
        return grades[lesson.id]?.isPassed == true ? Standing.percentMax : 0
    }

    /// nil until completed.
    func completedAt(_ lesson: Outline.Lesson) -> Date? {
        guard lesson.kind.isGraded else { return lessons[lesson.id]?.completedAt }
        return grades[lesson.id]?.passedAt
    }
}

/// Progress in a lesson. It never decreases.
struct LessonProgress: Sendable, Equatable {
    var percent: Double
    var completedAt: Date?
}

/// The best grade in a lesson.
struct Grade: Sendable, Equatable {
    var percent: Double
    /// nil until the pass mark is reached.
    var passedAt: Date?

    var isPassed: Bool { passedAt != nil }

    /// - Parameter passed: nil without a pass mark: any grade passes.
    init(percent: Double, passed: Bool?, at time: Date) {
        self.init(percent: percent, passedAt: passed ?? true ? time : nil)
    }

    init(percent: Double, passedAt: Date?) {
        self.percent = percent
        self.passedAt = passedAt
    }
}

/// The completed part of a course.
struct Standing: Sendable, Equatable {
    static let percentMax: Double = 100
    static let none = Standing(percent: 0, completedLessons: 0, totalLessons: 0)

    var percent: Double
    var completedLessons: Int
    /// The number of lessons to complete; 0 in stored enrolments without progress.
    var totalLessons: Int

    var isComplete: Bool { totalLessons > 0 && completedLessons == totalLessons }
}

/// A progress report of a learner for a lesson.
struct ProgressReport: Sendable {
    let enrollmentID: EnrollmentID
    let lessonID: LessonID
    let percent: Double
}

/// An enrolment with the progress of each lesson.
struct EnrollmentDetail: Sendable {
    let enrollment: Enrollment
    let outline: Outline
    let record: Record
}
