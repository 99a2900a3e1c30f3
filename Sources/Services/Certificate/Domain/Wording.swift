internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The labels of a certificate.
struct Wording: Sendable {
    let heading, certifies, completed: String
    private let months: [String]
    private let dayMark, scoreName, decimalMark: String

    static func of(_ language: Certificate.Language) -> Wording {
        switch language {
        case .english:
            Wording(
                heading: "Certificate of completion", certifies: "This certifies that",
                completed: "has completed the course",
                months: [
                    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                    "November", "December",
                ], dayMark: "", scoreName: "Final score", decimalMark: ".")
        case .german:
            Wording(
                heading: "Abschlusszertifikat", certifies: "Hiermit wird bescheinigt, dass",
                completed: "den Kurs abgeschlossen hat:",
                months: [
                    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
                    "November", "Dezember",
                ], dayMark: ".", scoreName: "Ergebnis", decimalMark: ",")
        }
    }

    /// `29 November 2026 · Final score 93.5 %`, in UTC.
    func facts(_ date: Date, score: Double?) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.year, .month, .day], from: date)
        let month = months.dropFirst((parts.month ?? 1) - 1).first ?? ""
        let day = "\(parts.day ?? 1)\(dayMark) \(month) \(parts.year ?? 0)"
        return score.map { "\(day)  ·  \(scoreName) \(percent($0)) %" } ?? day
    }

    private func percent(_ score: Double) -> String {
        let tenths = Int(exactly: (min(max(score, 0), 100) * 10).rounded()) ?? 0
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10)\(decimalMark)\(tenths % 10)"
    }
}
