import Contracts
@testable import Enrollment
import HTTP
import HubTesting
import Platform
import ServiceTesting
import Testing

/// Progress of learners and its effects.
@Suite struct ProgressTests {
    @Test func `a completed lesson publishes the progress of the learner`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE", "VIDEO", "FILE", "file")
            let enrollment = try await hub.enroll(ada, in: course)
            let answer = try await hub.progress(enrollment, try campus.lesson(0, of: course), as: ada)
            #expect(answer.status == 200 && answer["status"] == "ACTIVE" && answer["enrollmentId"] != nil)
            #expect(answer.object["percent"] as? Double == 33.33)
            #expect(answer.object["completedLessons"] as? Int == 1 && answer.object["totalLessons"] as? Int == 3)
            let told = try await hub.published(ProgressUpdated.self).map(\.data)
            #expect(told.count == 1 && told.first?.percent == 33.33 && told.first?.completedLessons == 1)
            #expect(try told.first?.lessonID == campus.lesson(0, of: course))
        }
    }

    @Test func `repeated or lower progress changes nothing and publishes nothing`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE", "VIDEO")
            let enrollment = try await hub.enroll(ada, in: course), lesson = try campus.lesson(1, of: course)
            for percent in [0, 40, 40, 20, 0, 60] {
                #expect(try await hub.progress(enrollment, lesson, Double(percent), as: ada).status == 200)
            }
            #expect(try await hub.published(ProgressUpdated.self).map(\.data.percent) == [20, 30])
        }
    }

    @Test func `the last lesson completes the course, once`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE", "VIDEO", "file")
            let enrollment = try await hub.enroll(ada, in: course)
            _ = try await hub.progress(enrollment, try campus.lesson(0, of: course), as: ada)
            campus.clock.advance(by: 29.5 * 86_400)
            let answer = try await hub.progress(enrollment, try campus.lesson(1, of: course), as: ada)
            #expect(answer["status"] == "COMPLETED" && answer.object["percent"] as? Double == 100)
            _ = try await hub.progress(enrollment, try campus.lesson(1, of: course), as: ada)
            let optional = try await hub.progress(enrollment, try campus.lesson(2, of: course), as: ada)
            #expect(optional["status"] == "COMPLETED" && optional.object["percent"] as? Double == 100)
            let told = try await hub.published(EnrollmentCompleted.self).map(\.data)
            #expect(told.count == 1 && told.first?.finalScore == nil && told.first?.duration == "30 days")
            #expect(told.first?.enrollmentID == enrollment && told.first?.completedAt == campus.clock.now)
        }
    }

    @Test func `lessons completed concurrently are all counted, and complete the course once`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE", "VIDEO", "FILE", "ARTICLE", "ARTICLE")
            let enrollment = try await hub.enroll(ada, in: course)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<10 {
                    let lesson = try campus.lesson(index % 5, of: course)
                    group.addTask { _ = try await hub.progress(enrollment, lesson, as: ada) }
                }
                try await group.waitForAll()
            }
            #expect(try await hub.state(of: enrollment) == .completed)
            #expect(try await hub.published(EnrollmentCompleted.self).count == 1)
            let told = try await hub.published(ProgressUpdated.self).map(\.data.completedLessons)
            #expect(told == [1, 2, 3, 4, 5])
        }
    }

    @Test func `a quiz and an assignment are completed by their grades alone`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("QUIZ", "ASSIGNMENT")
            let enrollment = try await hub.enroll(ada, in: course)
            for index in 0..<2 {
                let answer = try await hub.progress(enrollment, try campus.lesson(index, of: course), as: ada)
                #expect(answer.status == 409 && answer.code == "graded-lesson")
            }
        }
    }

    @Test func `a course is complete when all graded work is passed, with the mean of the best grades`()
        async throws
    {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE", "QUIZ", "ASSIGNMENT")
            let enrollment = try await hub.enroll(ada, in: course)
            let quiz = try campus.lesson(1, of: course), work = try campus.lesson(2, of: course)
            _ = try await hub.progress(enrollment, try campus.lesson(0, of: course), as: ada)
            try await hub.deliver(QuizSubmitted.of(quiz, in: course, by: ada, percent: 30, passed: false))
            try await hub.deliver(QuizSubmitted.of(quiz, in: course, by: ada, percent: 90))
            try await hub.deliver(QuizSubmitted.of(quiz, in: course, by: ada, percent: 60))
            try await hub.runTasks()
            #expect(try await hub.state(of: enrollment) == .active)
            try await hub.deliver(AssignmentGraded.of(work, in: course, by: ada, percent: 75))
            try await hub.runTasks()
            #expect(try await hub.state(of: enrollment) == .completed)
            #expect(try await hub.published(EnrollmentCompleted.self).map(\.data.finalScore) == [82.5])
            // A failed quiz moved nothing.
            #expect(try await hub.published(ProgressUpdated.self).map(\.data.completedLessons) == [1, 2, 3])
        }
    }

    @Test func `a failing grade does not count, and one without a pass mark passes`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ASSIGNMENT")
            let enrollment = try await hub.enroll(ada, in: course), work = try campus.lesson(0, of: course)
            try await hub.deliver(AssignmentGraded.of(work, in: course, by: ada, percent: 99, passed: false))
            try await hub.runTasks()
            #expect(try await hub.state(of: enrollment) == .active)
            try await hub.deliver(AssignmentGraded.of(work, in: course, by: ada, percent: 10, passed: nil))
            try await hub.runTasks()
            #expect(try await hub.state(of: enrollment) == .completed)
            #expect(try await hub.published(EnrollmentCompleted.self).map(\.data.finalScore) == [99])
        }
    }

    @Test func `a grade delivered twice, and two of one lesson in one batch, complete the course once`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("QUIZ")
            _ = try await hub.enroll(ada, in: course)
            let lesson = try campus.lesson(0, of: course), id = EventID.new
            let quiz = QuizSubmitted.of(lesson, in: course, by: ada, percent: 80)
            let worse = QuizSubmitted.of(lesson, in: course, by: ada, percent: 70)
            try await hub.deliver(quiz, id: id)
            #expect(try await !hub.deliver(quiz, id: id))
            #expect(try await hub.deliver(together: [quiz, worse]) == 2)
            #expect(try await hub.rowCount("lesson_grade") == 1)
            try await hub.runTasks()
            #expect(try await hub.published(EnrollmentCompleted.self).map(\.data.finalScore) == [80])
            #expect(try await hub.published(ProgressUpdated.self).count == 1)
        }
    }

    @Test func `grades before the enrolment count after it`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("QUIZ"), payment = PaymentID.new
            let lesson = try campus.lesson(0, of: course)
            try await hub.deliver(QuizSubmitted.of(lesson, in: course, by: ada, percent: 80))
            #expect(try await hub.rowCount("task") == 0)
            try await hub.deliver(try PaymentCompleted.of(payment, by: ada, for: course))
            try await hub.runTasks()
            #expect(try await hub.published(EnrollmentCompleted.self).map(\.data.finalScore) == [80])
        }
    }

    @Test func `a grade is counted when it arrives concurrently with the enrolment`() async throws {
        try await Campus.with { hub, campus in
            let course = campus.addCourse("QUIZ"), lesson = try campus.lesson(0, of: course)
            for _ in 0..<15 {
                let ada = UserID.new
                async let enrolled = hub.enroll(ada, in: course)
                async let graded = hub.deliver(QuizSubmitted.of(lesson, in: course, by: ada, percent: 80))
                _ = try await (enrolled, graded)
            }
            try await hub.runTasks()
            #expect(try await hub.published(EnrollmentCompleted.self).count == 15)
        }
    }

    @Test func `a grade without a lesson is ignored`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("QUIZ")
            _ = try await hub.enroll(ada, in: course)
            try await hub.deliver(QuizSubmitted.of(nil, in: course, by: ada, percent: 80))
            #expect(try await hub.rowCount("lesson_grade") == 0)
            #expect(try await hub.rowCount("task") == 0)
        }
    }

    @Test func `invalid progress, and progress of another person, is refused`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE"), other = campus.addCourse("ARTICLE")
            let enrollment = try await hub.enroll(ada, in: course), lesson = try campus.lesson(0, of: course)
            let foreign = try await hub.progress(enrollment, try campus.lesson(0, of: other), as: ada)
            #expect(foreign.status == 422 && foreign.complaints == ["lessonId"])
            for percent in [-1, 100.5, 1e300] {
                let answer = try await hub.progress(enrollment, lesson, percent, as: ada)
                #expect(answer.status == 422 && answer.complaints == ["percent"])
            }
            #expect(try await hub.progress(enrollment, lesson, as: .new).status == 404)
            #expect(try await hub.progress(.new, lesson, as: ada).status == 404)
            let body = #"{"enrollmentId": "\#(enrollment)", "lessonId": "\#(lesson)", "percent": 1}"#
            #expect(try await hub.send(.put, "/progress", as: .anonymous, json: body).status == 401)
            #expect(try await hub.rowCount("lesson_progress") == 0)
        }
    }
}
