internal import Contracts

extension Wording {
    init(german kind: NoticeKind, _ facts: Facts) {
        switch kind {
        case .welcome:
            self.init(
                "Willkommen bei Learning Hub", "Dein Konto ist bereit.",
                more: Self.germanWelcome(facts[.role]))
        case .profileChanged:
            self.init(
                "Dein Konto wurde geändert", Self.germanChange(facts),
                more: ["Wenn du das nicht warst, ändere sofort dein Passwort und schreib uns."])
        case .enrollment:
            self.init(
                "Du bist angemeldet", "Du bist für \(Self.germanCourse(facts)) angemeldet.",
                more: ["Fang an, wann du magst: Dein Fortschritt bleibt erhalten."])
        case .completion:
            let percent = Self.german(facts[.percent])
            let score = percent.isEmpty ? "" : " Dein Ergebnis: \(percent) Prozent."
            self.init(
                "Du hast \(Self.germanCourse(facts)) abgeschlossen",
                "Herzlichen Glückwunsch! Du hast \(Self.germanCourse(facts)) abgeschlossen.\(score)",
                more: ["Dein Zertifikat wird erstellt; du findest es gleich in deinem Profil."])
        case .receipt:
            self.init(
                "Zahlungsbeleg: \(Self.germanMoney(facts))",
                "Wir haben deine Zahlung von \(Self.germanMoney(facts))\(Self.germanPurpose(facts)) erhalten. Vielen Dank!",
                more: ["Die Nummer der Zahlung ist \(facts[.paymentID])."])
        case .paymentFailed where !facts[.refunded].isEmpty:
            self.init(
                "Deine Zahlung wurde erstattet",
                "Wir konnten dich nicht anmelden und haben dir deine Zahlung von \(Self.germanMoney(facts))\(Self.germanPurpose(facts)) erstattet.",
                more: [
                    "Bis das Geld auf deinem Konto ist, kann es einige Tage dauern. Du kannst jederzeit neu bestellen."
                ])
        case .paymentFailed:
            self.init(
                "Deine Zahlung ist fehlgeschlagen",
                "Deine Zahlung von \(Self.germanMoney(facts))\(Self.germanPurpose(facts)) ist nicht zustande gekommen. \(Self.germanAdvice(facts))"
            )
        case .subscription:
            self.init(
                "Dein Abonnement hat begonnen",
                "Du hast \(facts[.plan]) für \(Self.germanMoney(facts)) im \(Self.germanInterval(facts)) abonniert.",
                more: ["Der erste Zeitraum geht bis zum \(Self.germanDay(facts[.until]))."])
        case .quizSubmitted:
            self.init(
                "Dein Quiz ist abgegeben",
                "Wir haben deine Antworten auf das Quiz für \(Self.germanCourse(facts)), Versuch \(facts[.attempt]).")
        case .grade:
            let isQuiz = facts[.work] == GradedWorkKind.quiz.rawValue
            self.init(
                isQuiz ? "Dein Quiz ist bewertet" : "Deine Aufgabe ist bewertet",
                "\(isQuiz ? "Dein Quiz" : "Deine Aufgabe") für \(Self.germanCourse(facts)) hat \(Self.german(facts[.score])) von \(Self.german(facts[.maxScore])) Punkten, \(Self.german(facts[.percent])) Prozent.",
                more: ["Näheres findest du im Kurs."])
        case .achievement:
            self.init(
                "Du hast ein Abzeichen bekommen: \(facts[.badgeName])",
                "Das Abzeichen „\(facts[.badgeName])“\(Self.germanPurpose(facts)) gehört dir. Herzlichen Glückwunsch!",
                more: ["Du findest es in deinem Profil."])
        case .milestone:
            self.init(
                "Du hast \(facts[.milestone]) Punkte erreicht",
                "Du hast \(facts[.milestone]) Punkte gesammelt. Gut gemacht!", more: ["Jeder Schritt zählt. Weiter so!"]
            )
        case .courseCreated:
            self.init(
                "„\(facts[.courseTitle])“ ist angelegt",
                "„\(facts[.courseTitle])“ ist ein Entwurf: Noch sieht ihn niemand sonst.")
        case .coursePublished:
            self.init(
                "„\(facts[.courseTitle])“ ist veröffentlicht",
                "„\(facts[.courseTitle])“ steht im Katalog: Ab jetzt kann man sich anmelden.",
                more: ["Wir wünschen dir viele Lernende."])
        case .newCourse:
            self.init(
                "Ein neuer Kurs: „\(facts[.courseTitle])“",
                "„\(facts[.courseTitle])“ steht im Katalog, von jemandem, bei dem du schon gelernt hast.")
        }
    }

    /// In the accusative.
    private static func germanCourse(_ facts: Facts) -> String {
        facts[.courseTitle].isEmpty ? "deinen Kurs" : "„\(facts[.courseTitle])“"
    }

    /// "für den Kurs …", when a course is known.
    private static func germanPurpose(_ facts: Facts) -> String {
        facts[.courseID].isEmpty ? "" : " für \(germanCourse(facts))"
    }

    private static func germanMoney(_ facts: Facts) -> String { "\(german(facts[.amount])) \(facts[.currency])" }

    /// The advice after a failed payment.
    private static func germanAdvice(_ facts: Facts) -> String {
        facts[.retryable].isEmpty ? "Bitte wähle eine andere Zahlungsart." : "Bitte versuch es gleich noch einmal."
    }

    private static func germanInterval(_ facts: Facts) -> String {
        facts[.interval] == BillingInterval.year.rawValue ? "Jahr" : "Monat"
    }

    /// A number with a decimal comma.
    private static func german(_ number: String) -> String { number.replacing(".", with: ",") }

    /// Formats a day such as 2027-01-15 with day, month and year.
    private static func germanDay(_ day: String) -> String {
        day.split(separator: "-").reversed().joined(separator: ".")
    }

    private static func germanChange(_ facts: Facts) -> String {
        guard let change = ProfileChange(facts) else { return "Dein Konto wurde geändert." }
        var sentences: [String] = []
        if change.changesEmail { sentences.append("Die E-Mail-Adresse deines Kontos wurde geändert.") }
        if change.changesRole { sentences.append("Deine Rolle ist jetzt: \(germanRole(facts[.role])).") }
        return sentences.joined(separator: " ")
    }

    private static func germanWelcome(_ role: String) -> [String] {
        switch Role(rawValue: role) {
        case .admin: ["Du kannst Konten, Kurse und Zahlungen verwalten."]
        case .instructor:
            ["Erstelle deinen ersten Kurs, wann du magst: Lernende sehen ihn, sobald du ihn veröffentlichst."]
        case .student, nil:
            [
                "Such dir einen Kurs aus und fang an, wann du magst: Dein Fortschritt bleibt erhalten.",
                "Wir wünschen dir viel Freude beim Lernen.",
            ]
        }
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
