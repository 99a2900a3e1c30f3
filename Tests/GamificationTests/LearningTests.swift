import Contracts
import Foundation
@testable import Gamification
import Platform
import ServiceTesting
import Testing

/// Rewards for the events of enrollment and assessment.
@Suite struct LearningTests {
    @Test func `the first enrolment gives points and a badge, the second only points`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, first = EventID.make(at: GamificationHub.time)
            let enrollment = GamificationHub.enrolled(ada)
            for _ in 1...2 { try await hub.deliver(enrollment, id: first) }
            try await hub.deliver(GamificationHub.enrolled(ada))
            #expect(try await hub.awards(of: ada) == ["enrollment 10", "enrollment 10"])
            #expect(try await hub.badges(of: ada) == ["FIRST_ENROLLMENT"])
            #expect(try await hub.total(of: ada) == 20)
        }
    }

    @Test(arguments: [[25.0, 50, 75, 100], [100, 75, 50, 25], [10, 60, 60, 30, 100], [100, 100]])
    func `each quarter of an enrolment is rewarded once, in any order of events`(
        steps: [Double]
    ) async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, enrollment = EnrollmentID.new
            for percent in steps { try await hub.deliver(GamificationHub.progressed(ada, enrollment, percent)) }
            #expect(
                try await hub.awards(of: ada).sorted() == [
                    "progress-100 25", "progress-25 10", "progress-50 15", "progress-75 20",
                ])
            #expect(try await hub.total(of: ada) == 70)
            try await hub.deliver(GamificationHub.progressed(ada, .new, 25))
            #expect(try await hub.total(of: ada) == 80)
        }
    }

    @Test(arguments: [[26.0, 51], [51, 26]])
    func `two steps of an enrolment in one batch are rewarded as if they came apart`(steps: [Double]) async throws {
        try await GamificationHub.with { hub in
            let learners = (0..<5).map { _ in UserID.new }
            let enrollments = learners.map { _ in EnrollmentID.new }
            var events: [ProgressUpdated] = []
            for percent in steps {
                for (ada, enrollment) in zip(learners, enrollments) {
                    events.append(GamificationHub.progressed(ada, enrollment, percent))
                }
            }
            let newCount = try await hub.deliver(together: events)
            #expect(newCount == 10)
            for ada in learners {
                #expect(try await hub.awards(of: ada) == ["progress-25 10", "progress-50 15"])
            }
        }
    }

    @Test func `progress below the first quarter, or without a value, gives nothing`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            for percent in [0, 24.99, -1, .nan, .infinity] {
                try await hub.deliver(GamificationHub.progressed(ada, .new, percent))
            }
            #expect(try await hub.operations.standing(of: ada) == .none)
        }
    }

    @Test func `each completed course brings points and a badge of its own, and the fifth one more`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, courses = (0..<5).map { _ in CourseID.new }
            for course in courses {
                let event = GamificationHub.completed(ada, in: course), id = EventID.make(at: GamificationHub.time)
                for _ in 1...2 { try await hub.deliver(event, id: id) }
            }
            #expect(try await hub.total(of: ada) == 500)
            #expect(try await hub.badges(of: ada) == Array(repeating: "COURSE_COMPLETED", count: 5) + ["FIVE_COURSES"])
            let told = try await hub.published(BadgeEarned.self).map(\.data)
            #expect(told.map(\.courseID) == courses + [nil])
            #expect(told.first?.badgeName == "Course completed" && told.first?.reason == "Completed a course")
            let standing = try await hub.operations.standing(of: ada)
            #expect(standing.badges.map(\.courseID) == courses + [nil])
        }
    }

    /// A repeated enrolment is a new one; the badge of the course is the same.
    @Test func `a course completed again gives points again, and no second badge`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, course = CourseID.new
            for _ in 1...2 { try await hub.deliver(GamificationHub.completed(ada, in: course)) }
            #expect(try await hub.total(of: ada) == 200)
            #expect(try await hub.badges(of: ada) == ["COURSE_COMPLETED"])
        }
    }

    private static let quizzes: [(percent: Double, awards: [String], badges: [String])] = [
        (69.9, [], []), (70, ["quiz-passed 20"], []), (100, ["quiz-passed 20", "quiz-perfect 10"], ["PERFECT_QUIZ"]),
    ]

    @Test(arguments: quizzes)
    func `a quiz gives points from 70 percent, and more for 100 percent`(
        percent: Double, awards: [String], badges: [String]
    ) async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, id = EventID.make(at: GamificationHub.time)
            for _ in 1...2 { try await hub.deliver(GamificationHub.submitted(ada, percent: percent), id: id) }
            #expect(try await hub.awards(of: ada) == awards)
            #expect(try await hub.badges(of: ada) == badges)
        }
    }

    @Test func `a repeated quiz is rewarded only for its improvement`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, quiz = QuizID.make(at: GamificationHub.time)
            for percent in [80.0, 100, 90, 100] {
                try await hub.deliver(GamificationHub.submitted(ada, quiz, percent: percent))
            }
            #expect(try await hub.awards(of: ada) == ["quiz-passed 20", "quiz-perfect 10"])
        }
    }

    @Test func `ten passed quizzes give a badge`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            for number in 1...10 {
                #expect(try await hub.badges(of: ada).isEmpty, "before quiz \(number)")
                try await hub.deliver(GamificationHub.submitted(ada, percent: 75))
            }
            #expect(try await hub.badges(of: ada) == ["TEN_QUIZZES"])
        }
    }

    @Test func `an assignment gives points by its grade, a graded quiz gives none again`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, id = EventID.make(at: GamificationHub.time)
            try await hub.deliver(GamificationHub.graded(ada, .quiz, percent: 100))
            try await hub.deliver(GamificationHub.graded(ada, .assignment, percent: 60))
            #expect(try await hub.awards(of: ada).isEmpty)
            for _ in 1...2 { try await hub.deliver(GamificationHub.graded(ada, .assignment, percent: 90), id: id) }
            #expect(try await hub.awards(of: ada) == ["assignment-passed 30"])
        }
    }

    @Test func `an assignment whose grade is raised is rewarded once`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, work = GradedWorkID(checked: "asg_1")
            for percent in [50.0, 75, 95] {
                try await hub.deliver(GamificationHub.graded(ada, .assignment, work, percent: percent))
            }
            #expect(try await hub.awards(of: ada) == ["assignment-passed 30"])
        }
    }

    @Test func `late events of an erased learner give nothing`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            try await hub.deliver(GamificationHub.completed(ada))
            try await hub.delete(ada)
            try await hub.deliver(GamificationHub.completed(ada))
            try await hub.deliver(GamificationHub.progressed(ada, .new, 100))
            #expect(try await hub.operations.standing(of: ada) == .none)
            for table in ["points_award", "badge_award"] { #expect(try await hub.rowCount(table) == 0) }
        }
    }
}

extension TestService<GamificationService> {
    static func enrolled(_ user: UserID, in course: CourseID = .new) -> EnrollmentCreated {
        EnrollmentCreated(enrollmentID: .new, userID: user, courseID: course, source: .free, enrolledAt: time)
    }

    static func progressed(_ user: UserID, _ enrollment: EnrollmentID, _ percent: Double) -> ProgressUpdated {
        ProgressUpdated(
            enrollmentID: enrollment, userID: user, courseID: .new, completedLessons: 1, totalLessons: 4,
            percent: percent, updatedAt: time)
    }

    static func completed(_ user: UserID, in course: CourseID = .new) -> EnrollmentCompleted {
        EnrollmentCompleted(
            enrollmentID: .new, userID: user, courseID: course, completedAt: time, duration: "30 days")
    }

    static func submitted(
        _ user: UserID, _ quiz: QuizID = .make(at: time), percent: Double
    ) -> QuizSubmitted {
        QuizSubmitted(
            submissionID: .make(at: time), quizID: quiz, courseID: .new, userID: user, attempt: 1, score: percent / 10,
            maxScore: 10, percent: percent, passed: percent >= 50, submittedAt: time)
    }

    static func graded(
        _ user: UserID, _ kind: GradedWorkKind, _ work: GradedWorkID? = nil, percent: Double
    ) -> AssignmentGraded {
        AssignmentGraded(
            submissionID: .make(at: time), assignmentID: work ?? GradedWorkID(AssignmentID.make(at: time)), kind: kind,
            courseID: .new, userID: user,
            score: percent / 10, maxScore: 10, percent: percent, gradedBy: "auto", gradedAt: time)
    }
}
