internal import Contracts

/// A search for published courses.
struct CatalogueSearch: Sendable {
    static let textLengthMax = 200

    /// Words of title, category or description.
    var text: String?
    var category: String?
    var level: String?
    var language: String?
    /// nil for the default order.
    var sort: CatalogueSort?

    /// The effective order: relevance requires search words.
    var order: CatalogueSort {
        switch sort ?? .bestMatch {
        case .bestMatch: text == nil ? .newest : .bestMatch
        case let other: other
        }
    }
}

/// The order of the catalogue. Equal courses are sorted by publication, newest first.
enum CatalogueSort: String, Sendable, CaseIterable {
    case bestMatch = "best-match"
    case newest
    /// Cheapest first, comparing only the amounts, not the currencies.
    case price
    case priceDescending = "price-desc"
}

/// The number of results for each value of a filter, with the other filters unchanged.
struct CatalogueFacets: Sendable, Equatable {
    /// Values per filter; the least frequent are omitted.
    static let valueCountMax = 50

    struct Count: Sendable, Equatable, Codable {
        let value: String
        let count: Int
    }

    var categories: [Count] = []
    var levels: [Count] = []
    var languages: [Count] = []
}

/// A course of the catalogue and its position in the list.
struct CatalogueEntry: Sendable {
    let course: Course
    let lessonCount: Int
    let place: CataloguePlace
}

/// A position in the catalogue: the sort key, then the publication number.
///
/// Both are stable while the course does not change, so paging is not affected by new publications.
struct CataloguePlace: RawRepresentable, Sendable, Equatable {
    /// The sort key in descending order: relevance in millionths, or the price; 0 when sorted by publication.
    let rank: Int
    /// The publication number, which increases with each publication.
    let publication: Int

    init(rank: Int, publication: Int) {
        self.rank = rank
        self.publication = publication
    }

    var rawValue: String { "\(rank).\(publication)" }

    /// nil when the text is not a ``rawValue``.
    init?(rawValue: String) {
        let parts = rawValue.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let rank = parts[0], let publication = parts[1], publication >= 0 else {
            return nil
        }
        self.init(rank: rank, publication: publication)
        // Only canonical numbers: "+1" and "01" would also parse.
        guard self.rawValue == rawValue else { return nil }
    }
}
