internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A course as it is offered. What it is made of is its ``Outline``.
struct Course: Sendable, Equatable, Identifiable {
    let id: CourseID
    let instructorID: UserID
    var status: CourseStatus = .draft
    var offer: CourseOffer
    /// Rises with every change of the course and of its outline; the `ETag`.
    var version = 1
    let createdAt: Date
    var updatedAt: Date
    /// When it was published first; nil until then.
    var publishedAt: Date?

    /// Where the API shows a course.
    static func path(of id: CourseID) -> String { "/courses/\(id)" }

    /// Whether everybody may know of it: an archived course stays readable for those who are enrolled in it.
    var isPublic: Bool { publishedAt != nil }
}

/// Draft → published → archived; a draft may be archived too. There is no way back.
enum CourseStatus: String, Sendable, CaseIterable {
    case draft = "DRAFT"
    case published = "PUBLISHED"
    case archived = "ARCHIVED"
}

/// What an instructor says of a course.
struct CourseOffer: Sendable, Equatable {
    /// In characters.
    static let titleLengthMax = 200
    static let descriptionLengthMax = 20_000
    static let labelLengthMax = 60
    static let prerequisiteLengthMax = 200
    static let prerequisiteCountMax = 20

    var title: String
    /// Empty until somebody writes one.
    var description: String
    var category: String
    var level: String
    var language: LanguageTag
    /// What a learner should know before, each in a line.
    var prerequisites: [String] = []
    /// Zero for a free course.
    var price: Money

    /// What is called changed in events, by the name it has in the API; empty when `other` says the same.
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

/// What an instructor changes of an offer; nil leaves a part as it is.
struct OfferEdit: Sendable {
    var title: String?
    var description: String?
    var category: String?
    var level: String?
    var language: LanguageTag?
    var prerequisites: [String]?
    var amount: String?
    var currency: String?

    /// - Throws: ``CourseError/unacceptable(field:message:)`` when the price cannot be had in the currency.
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

/// A language by its tag (BCP 47), such as `en` or `pt-BR`.
struct LanguageTag: RawRepresentable, Sendable, Hashable {
    static let bytesMax = 35
    static let english = LanguageTag(known: "en")

    let rawValue: String

    /// Nil for what is no tag by its form.
    init?(rawValue: String) {
        guard rawValue.utf8.count <= Self.bytesMax,
            rawValue.wholeMatch(of: /[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*/) != nil
        else { return nil }
        self.rawValue = rawValue
    }

    private init(known: String) { rawValue = known }
}

extension Money {
    /// A price, `49.99` or `0`.
    /// - Throws: ``CourseError/unacceptable(field:message:)`` for a currency with thousandths or none that is paid with, and for an
    ///   amount that is negative, too large, or finer than the currency is.
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
