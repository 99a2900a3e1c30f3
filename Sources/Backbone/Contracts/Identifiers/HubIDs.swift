// The registry of ids: every kind of thing that has one, and its prefix.

/// An account.
public struct UserID: HubID {
    public static var prefix: StaticString { "usr" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A course.
public struct CourseID: HubID {
    public static var prefix: StaticString { "crs" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A section of a course.
public struct SectionID: HubID {
    public static var prefix: StaticString { "sct" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A lesson of a course.
public struct LessonID: HubID {
    public static var prefix: StaticString { "lsn" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A learner's enrolment in a course.
public struct EnrollmentID: HubID {
    public static var prefix: StaticString { "enr" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A payment.
public struct PaymentID: HubID {
    public static var prefix: StaticString { "pay" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A subscription.
public struct SubscriptionID: HubID {
    public static var prefix: StaticString { "sub" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// An uploaded medium.
public struct MediaID: HubID {
    public static var prefix: StaticString { "med" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A quiz.
public struct QuizID: HubID {
    public static var prefix: StaticString { "quz" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A question of a quiz.
public struct QuestionID: HubID {
    public static var prefix: StaticString { "qst" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// An option of a question.
public struct OptionID: HubID {
    public static var prefix: StaticString { "opt" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// An assignment.
public struct AssignmentID: HubID {
    public static var prefix: StaticString { "asg" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// What a learner handed in.
public struct SubmissionID: HubID {
    public static var prefix: StaticString { "sbm" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A notification to one person.
public struct NotificationID: HubID {
    public static var prefix: StaticString { "ntf" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A certificate.
public struct CertificateID: HubID {
    public static var prefix: StaticString { "crt" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A badge given to a learner.
public struct BadgeAwardID: HubID {
    public static var prefix: StaticString { "bdg" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A row of the points ledger.
public struct PointsAwardID: HubID {
    public static var prefix: StaticString { "pts" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A review of a course.
public struct ReviewID: HubID {
    public static var prefix: StaticString { "rev" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// An event.
public struct EventID: HubID {
    public static var prefix: StaticString { "evt" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// What a grade is for: an assignment, or a quiz.
public struct GradedWorkID: HubID {
    public static var prefix: StaticString { "asg" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
    public init(_ assignment: AssignmentID) { self.init(checked: assignment.rawValue) }
    public init(_ quiz: QuizID) { self.init(checked: quiz.rawValue) }

    public static func accepts(_ utf8: UnsafeRawBufferPointer) -> Bool {
        AssignmentID.accepts(utf8) || QuizID.accepts(utf8)
    }
}

/// The request everything began with. Made by the gateway as `req_…`, or taken from the caller, who may use 1 to 128 letters,
/// digits and `-_.:` as they please.
public struct CorrelationID: HubID {
    public static var prefix: StaticString { "req" }
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }

    public static func accepts(_ utf8: UnsafeRawBufferPointer) -> Bool {
        (1...128).contains(utf8.count)
            && utf8.allSatisfy { byte in
                byte &- 97 < 26 || byte &- 65 < 26 || byte &- 48 < 10 || byte == 45 || byte == 95 || byte == 46
                    || byte == 58
            }
    }
}
