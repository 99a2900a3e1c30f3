internal import Contracts

extension Wording {
    init(german kind: NoticeKind, _ facts: Facts) {
        switch kind {
        case .welcome:
            self.init(
                "Willkommen bei Learning Hub", "Dein Konto ist bereit.",
                more: [
                    "Such dir einen Kurs aus und fang an, wann du magst: Dein Fortschritt bleibt erhalten.",
                    "Wir wünschen dir viel Freude beim Lernen.",
                ])
        case .profileChanged:
            self.init(
                "Dein Konto wurde geändert", Self.germanChange(facts),
                more: ["Wenn du das nicht warst, ändere sofort dein Passwort und schreib uns."])
        case .milestone:
            self.init(
                "Du hast \(facts[.milestone]) Punkte erreicht",
                "Du hast \(facts[.milestone]) Punkte gesammelt. Gut gemacht!", more: ["Jeder Schritt zählt. Weiter so!"]
            )
        case .achievement:
            self.init(
                "Du hast ein Abzeichen bekommen: \(facts[.badgeName])",
                "Das Abzeichen „\(facts[.badgeName])“ gehört dir. Herzlichen Glückwunsch!",
                more: ["Du findest es in deinem Profil."])
        }
    }

    private static func germanChange(_ facts: Facts) -> String {
        guard let change = ProfileChange(facts) else { return "Dein Konto wurde geändert." }
        var sentences: [String] = []
        if change.changesEmail { sentences.append("Die E-Mail-Adresse deines Kontos wurde geändert.") }
        if change.changesRole { sentences.append("Deine Rolle ist jetzt: \(germanRole(facts[.role])).") }
        return sentences.joined(separator: " ")
    }

    private static func germanRole(_ role: String) -> String {
        switch Role(rawValue: role) {
        case .student: "Lernende"
        case .instructor: "Lehrende"
        case .admin: "Verwaltung"
        case nil: role
        }
    }
}
