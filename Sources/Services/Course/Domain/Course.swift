internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A course as offered. Its content is the ``Outline``.
struct Course: Sendable, Equatable, Identifiable {
    let id: CourseID
    let instructorID: UserID
    var status: CourseStatus = .draft
    var offer: CourseOffer
    /// Increases with every change of the course and its outline; the `ETag`.
    var version = 1
    let createdAt: Date
    var updatedAt: Date
    /// The time of the first publication; nil before.
    var publishedAt: Date?

    /// The path in the API.
    static func path(of id: CourseID) -> String { "/courses/\(id)" }

    /// Whether the course is public: an archived course stays readable for enrolled learners.
    var isPublic: Bool { publishedAt != nil }
}

/// Draft → published → archived, or draft → archived. Not reversible.
enum CourseStatus: String, Sendable, CaseIterable {
    case draft = "DRAFT"
    case published = "PUBLISHED"
    case archived = "ARCHIVED"
}

/// The instructor's description of a course.
struct CourseOffer: Sendable, Equatable {
    /// In characters.
    static let titleLengthMax = 200
    static let descriptionLengthMax = 20_000
    static let labelLengthMax = 60
    static let prerequisiteLengthMax = 200
    static let prerequisiteCountMax = 20

    var title: String
    /// Empty by default.
    var description: String
    var category: String
    var level: String
    var language: LanguageTag
    /// Prerequisites, one per line.
    var prerequisites: [String] = []
    /// Zero for a free course.
    var price: Money

    /// The changed fields for events, under their API names; empty when both are equal.
    func changes(to other: CourseOffer) -> [String] {
        var names: [String] = []
        if other.title != title { names.append("title") }
        if other.description != description { names.append("description") }
        if other.category != category { names.append("category") }
        if other.level != level { names.append("level") }
        if other.language != language { names.append("language") }
        if other.prerequisites != prerequisites { names.append("prerequisites") }
        if other.price.hundredths != price.hundredths { names.append("price") }
        if other.price.currency != price.currency { names.append("currency") }
        return names
    }
}

/// Changes of an offer; nil leaves a field unchanged.
struct OfferEdit: Sendable {
    var title: String?
    var description: String?
    var category: String?
    var level: String?
    var language: LanguageTag?
    var prerequisites: [String]?
    var amount: String?
    var currency: String?

    /// - Throws: ``CourseError/unacceptable(field:message:)`` when the price is not possible in the currency.
    func applied(to offer: CourseOffer) throws(CourseError) -> CourseOffer {
        var edited = offer
        edited.title = title ?? offer.title
        edited.description = description ?? offer.description
        edited.category = category ?? offer.category
        edited.level = level ?? offer.level
        edited.language = language ?? offer.language
        edited.prerequisites = prerequisites ?? offer.prerequisites
        edited.price = try Money(
            price: amount ?? offer.price.amount, in: currency ?? offer.price.currency.rawValue)
        return edited
    }
}

/// A language tag (BCP 47), such as `en` or `pt-BR`.
struct LanguageTag: RawRepresentable, Sendable, Hashable {
    static let bytesMax = 35
    static let english = LanguageTag(known: "en")

    let rawValue: String

    /// nil when the text does not have the form of a tag.
    init?(rawValue: String) {
        // Each row of a course has one, and a regular expression would be compiled for each.
        let subtags = rawValue.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard rawValue.utf8.count <= Self.bytesMax, let language = subtags.first,
            (2...8).contains(language.count), language.allSatisfy(Self.isLetter),
            subtags.dropFirst().allSatisfy({ (1...8).contains($0.count) && $0.allSatisfy(Self.isLetterOrDigit) })
        else { return nil }
        self.rawValue = rawValue
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private init(known: String) { rawValue = known }
}

extension Money {
    /// A price, `49.99` or `0`.
    /// - Throws: ``CourseError/unacceptable(field:message:)`` for an unknown currency or one with thousandths, and for an amount that is
    ///   negative, too large, or has too many decimals for the currency.
    init(price amount: String, in currency: String) throws(CourseError) {
        guard let currency = Currency(rawValue: currency), let digits = currency.minorDigits else {
            throw .unacceptable(
                field: "currency", message: "must be the ISO-4217 code of a currency of whole units or hundredths")
        }
        guard let money = Money(amount, currency), money.hundredths >= 0 else {
            throw .unacceptable(field: "price", message: "must be an amount such as 49.99, or 0 for a free course")
        }
        guard digits == 2 || money.hundredths.isMultiple(of: 100) else {
            throw .unacceptable(field: "price", message: "must be a whole number of \(currency)")
        }
        self = money
    }
}
