#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The names of the IANA time zone database. It changes several times a year, so the system's copy is used.
enum ZoneNames {
    /// The names known to this system, case-sensitive; read once, on first use. Only `UTC` when there is no database.
    static let ofTheSystem = read(from: "/usr/share/zoneinfo")

    /// `tzdata.zi` contains every name, including old ones; if it is missing, the zone tables contain those of places.
    private static func read(from folder: String) -> Set<String> {
        func lines(of file: String) -> [Substring] {
            let bytes = FileManager.default.contents(atPath: "\(folder)/\(file)") ?? Data()
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        }
        var names = Set(lines(of: "tzdata.zi").compactMap(inSource))
        if names.isEmpty { names = Set(["zone1970.tab", "zone.tab"].flatMap(lines).compactMap(inTable)) }
        return names.union(["UTC"])
    }

    /// A zone, `Z Europe/Vienna 1:5:21 - LMT …`, or a link, `L Europe/Vienna Europe/Bratislava` (zic(8)). Other lines are rules and
    /// continuations.
    private static func inSource(_ line: Substring) -> String? {
        let words = line.split(separator: " ", maxSplits: 3)
        switch words.first {
        case "Z" where words.count > 1: return String(words[1])
        case "L" where words.count > 2: return String(words[2])
        default: return nil
        }
    }

    /// `AT     +4813+01620     Europe/Vienna`, followed by comments.
    private static func inTable(_ line: Substring) -> String? {
        let columns = line.split(separator: "\t")
        return line.hasPrefix("#") || columns.count < 3 ? nil : String(columns[2])
    }
}
