/// A time zone by its name in the IANA database, such as `Europe/Vienna`.
struct TimeZoneName: CheckedText {
    static let lengthMax = 64
    static let utc = TimeZoneName(stored: "UTC")

    let text: String

    init(stored text: String) { self.text = text }

    init(_ text: String) throws(Complaint) {
        guard ZoneNames.ofTheSystem.contains(text) else {
            throw Complaint("must be the name of a time zone, such as Europe/Vienna")
        }
        self.text = text
    }
}

/// A language tag (BCP 47), such as `de-AT`.
struct LocaleTag: CheckedText {
    static let lengthMax = 35
    static let english = LocaleTag(stored: "en")

    let text: String

    init(stored text: String) { self.text = text }

    init(_ text: String) throws(Complaint) {
        guard text.utf8.count <= Self.lengthMax, text.wholeMatch(of: /[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*/) != nil
        else { throw Complaint("must be a language tag, such as de-AT") }
        self.text = text
    }
}
