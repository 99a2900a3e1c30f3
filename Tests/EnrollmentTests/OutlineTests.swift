import Contracts
@testable import Enrollment
import HTTP
import HubTesting
import Platform
import ServiceTesting
import Testing

/// How courses are known here.
@Suite struct OutlineTests {
    @Test func `a course is requested once, and again when the stored outline is old`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE", "ARTICLE")
            let enrollment = try await hub.enroll(ada, in: course), lesson = try campus.lesson(0, of: course)
            for percent in [10, 20, 30] { _ = try await hub.progress(enrollment, lesson, Double(percent), as: ada) }
            #expect(campus.askedCount == 1)
            campus.change(course) { $0.lessons.removeLast() }
            campus.clock.advance(by: 61)
            let answer = try await hub.progress(enrollment, lesson, as: ada)
            #expect(campus.askedCount == 2 && answer["status"] == "COMPLETED")
        }
    }

    @Test func `while the course service is down the stored outline is used, whatever its age`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE")
            let enrollment = try await hub.enroll(ada, in: course), lesson = try campus.lesson(0, of: course)
            _ = try await hub.progress(enrollment, lesson, 10, as: ada)
            campus.closeCourse()
            campus.clock.advance(by: 86_400)
            #expect(try await hub.progress(enrollment, lesson, as: ada)["status"] == "COMPLETED")
        }
    }

    @Test func `an unknown course is unavailable while the course service is down`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("QUIZ", "ARTICLE")
            let enrollment = try await hub.enroll(ada, in: course)
            campus.closeCourse()
            #expect(try await hub.progress(enrollment, try campus.lesson(1, of: course), as: ada).status == 503)
            // The grade waits for it and is not lost.
            try await hub.deliver(
                QuizSubmitted.of(try campus.lesson(0, of: course), in: course, by: ada, percent: 80))
            try await hub.runTasks()
            #expect(try await hub.published(ProgressUpdated.self).isEmpty)
            campus.reopenCourse()
            campus.clock.advance(by: 3_600)
            try await hub.runTasks()
            #expect(try await hub.published(ProgressUpdated.self).map(\.data.percent) == [50])
        }
    }

    @Test func `a new lesson is found although the outline was requested recently`() async throws {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE")
            let enrollment = try await hub.enroll(ada, in: course)
            _ = try await hub.progress(enrollment, try campus.lesson(0, of: course), 10, as: ada)
            campus.change(course) { $0.lessons.append(.init(id: LessonID.new.rawValue)) }
            let answer = try await hub.progress(enrollment, try campus.lesson(1, of: course), as: ada)
            #expect(answer.status == 200 && answer.object["totalLessons"] as? Int == 2)
        }
    }

    /// The lessons of each enrolment in a learner's list, the newest first.
    private func totals(_ hub: EnrollmentHub, _ user: UserID) async throws -> [Int?] {
        let list = try await hub.send(.get, "/enrollments", as: .learner(user))
        #expect(list.status == 200)
        return list.items.map { $0["totalLessons"] as? Int }
    }

    @Test func `an enrolment shows the lessons of its course from the start, and those that are added later`()
        async throws
    {
        try await Campus.with { hub, campus in
            let ada = UserID.new, teacher = UserID.new
            let course = campus.addCourse("ARTICLE", "VIDEO", by: teacher), empty = campus.addCourse()
            let enrollment = try await hub.enroll(ada, in: course)
            _ = try await hub.enroll(ada, in: empty)
            #expect(try await totals(hub, ada) == [0, 2])
            let nothing = try await hub.progress(enrollment, campus.lesson(0, of: course), 0, as: ada)
            #expect(nothing.object["totalLessons"] as? Int == 2)
            // A page asks for a course once in a while.
            #expect(try await totals(hub, ada) == [0, 2])
            #expect(campus.askedCount == 2)

            _ = try await hub.progress(enrollment, try campus.lesson(0, of: course), as: ada)
            for id in [course, empty] { campus.change(id) { $0.lessons.append(.init(id: LessonID.new.rawValue)) } }
            campus.clock.advance(by: 61)
            let list = try await hub.send(.get, "/enrollments", as: .learner(ada))
            #expect(list.items.map { $0["totalLessons"] as? Int } == [1, 3])
            #expect(list.items.map { $0["percent"] as? Double } == [0, 33.33])
            let roster = try await hub.send(.get, "/courses/\(course)/enrollments", as: .instructor(teacher))
            #expect(roster.items.map { $0["percent"] as? Double } == [33.33])
        }
    }

    @Test func `an ended enrolment stays as it ended, and shows the lessons also when nothing was done in it`()
        async throws
    {
        try await Campus.with { hub, campus in
            let ada = UserID.new, course = campus.addCourse("ARTICLE"), other = campus.addCourse("ARTICLE", "QUIZ")
            let completed = try await hub.enroll(ada, in: course), left = try await hub.enroll(ada, in: other)
            _ = try await hub.progress(completed, try campus.lesson(0, of: course), as: ada)
            _ = try await hub.send(.post, "/enrollments/\(left)/withdraw", as: .learner(ada))
            campus.change(course) { $0.lessons.append(.init(id: LessonID.new.rawValue)) }
            campus.clock.advance(by: 61)
            // A grade of the next enrolment is not one of this.
            try await hub.deliver(
                QuizSubmitted.of(try campus.lesson(1, of: other), in: other, by: ada, percent: 80))
            let list = try await hub.send(.get, "/enrollments", as: .learner(ada))
            #expect(list.items.map { $0["totalLessons"] as? Int } == [2, 1])
            #expect(list.items.map { $0["percent"] as? Double } == [0, 100])
        }
    }

    @Test func `a list of enrolments is there while the course service is down, and right when it is back`()
        async throws
    {
        try await Campus.with { hub, campus in
            let ada = UserID.new, known = campus.addCourse("ARTICLE"), unknown = campus.addCourse("ARTICLE")
            _ = try await hub.enroll(ada, in: known)
            #expect(try await totals(hub, ada) == [1])
            _ = try await hub.enroll(ada, in: unknown)
            campus.closeCourse()
            campus.clock.advance(by: 3_600)
            #expect(try await totals(hub, ada) == [0, 1])
            campus.reopenCourse()
            campus.clock.advance(by: 3_600)
            #expect(try await totals(hub, ada) == [1, 1])
        }
    }

    @Test func `a list of enrolments waits for all courses together as long as for one, and then shows stored states`()
        async throws
    {
        try await Campus.with { hub, campus in
            let ada = UserID.new
            for _ in 1...4 { _ = try await hub.enroll(ada, in: campus.addCourse("ARTICLE")) }
            campus.slowDown(to: 0.9)
            #expect(try await totals(hub, ada).filter { $0 == 1 }.count == 3)
            #expect(campus.askedCount == 3)
            // Only the other one is requested now.
            #expect(try await totals(hub, ada) == [1, 1, 1, 1])
            #expect(campus.askedCount == 4)
            campus.clock.advance(by: 61)
            #expect(try await totals(hub, ada) == [1, 1, 1, 1])
            #expect(campus.askedCount == 7)
        }
    }

    @Test func `an older version of a course does not replace a newer one`() async throws {
        try await Campus.with { hub, campus in
            let course = CourseID.new, teacher = UserID.new
            for version in [3, 2] {
                let outline = Outline(id: course, instructorID: teacher, version: version, lessons: [])
                try await hub.operations.store.insert(outline, at: campus.clock.now, on: hub.database)
            }
            let known = try await hub.operations.store.findOutline(of: course, on: hub.database)
            #expect(known?.outline.version == 3)
        }
    }

    @Test func `all lessons count where none is required, and a course without lessons is never complete`() throws {
        let lessons = (0..<2).map { _ in
            Outline.Lesson(id: .new, title: "A", kind: LessonKind(rawValue: "ARTICLE"), required: false)
        }
        let outline = Outline(id: .new, instructorID: .new, version: 1, lessons: lessons)
        #expect(outline.standing(of: Record()).totalLessons == 2)
        let empty = Outline(id: .new, instructorID: .new, version: 1, lessons: [])
        #expect(empty.standing(of: Record()) == .none && !empty.standing(of: Record()).isComplete)
    }

    @Test func `progress is 100 percent only if everything is completed`() throws {
        let lessons = (0..<3).map { _ in
            Outline.Lesson(id: .new, title: "A", kind: LessonKind(rawValue: "ARTICLE"), required: true)
        }
        let outline = Outline(id: .new, instructorID: .new, version: 1, lessons: lessons)
        var record = Record()
        for lesson in lessons { record.lessons[lesson.id] = LessonProgress(percent: 99.999) }
        #expect(outline.standing(of: record).percent == 99.99)
        for lesson in lessons { record.lessons[lesson.id] = LessonProgress(percent: 100) }
        #expect(outline.standing(of: record) == Standing(percent: 100, completedLessons: 3, totalLessons: 3))
    }
}
