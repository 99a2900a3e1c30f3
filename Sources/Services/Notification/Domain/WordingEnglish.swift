internal import Contracts

extension Wording {
    init(english kind: NoticeKind, _ facts: Facts) {
        switch kind {
        case .welcome:
            self.init(
                "Welcome to Learning Hub", "Your account is ready.",
                more: [
                    "Choose a course and begin whenever you like: your progress is kept.",
                    "We wish you much joy in learning.",
                ])
        case .profileChanged:
            self.init(
                "Your account was changed", Self.englishChange(facts),
                more: ["If this was not you, change your password at once and write to us."])
        case .milestone:
            self.init(
                "You have reached \(facts[.milestone]) points",
                "You have collected \(facts[.milestone]) points. Well done!", more: ["Each step counts. Keep going!"])
        case .achievement:
            self.init(
                "You have earned a badge: \(facts[.badgeName])",
                "The badge “\(facts[.badgeName])” is yours. Congratulations!", more: ["You find it in your profile."])
        }
    }

    private static func englishChange(_ facts: Facts) -> String {
        guard let change = ProfileChange(facts) else { return "Your account was changed." }
        var sentences: [String] = []
        if change.changesEmail { sentences.append("The e-mail address of your account was changed.") }
        if change.changesRole { sentences.append("Your role is now: \(englishRole(facts[.role])).") }
        return sentences.joined(separator: " ")
    }

    private static func englishRole(_ role: String) -> String {
        switch Role(rawValue: role) {
        case .student: "student"
        case .instructor: "instructor"
        case .admin: "administrator"
        case nil: role
        }
    }
}
