internal import Contracts

/// Which published courses somebody looks for.
struct CatalogueSearch: Sendable {
    static let textLengthMax = 200

    /// Words of title, category or description.
    var text: String?
    var category: String?
    var level: String?
    var language: String?
    /// Nil for what suits what is asked for.
    var sort: CatalogueSort?

    /// What the list is ordered by: without words nothing fits better than something else.
    var order: CatalogueSort {
        switch sort ?? .bestMatch {
        case .bestMatch: text == nil ? .newest : .bestMatch
        case let other: other
        }
    }
}

/// What stands first in the catalogue. What is alike in that comes as it was published, the last first.
enum CatalogueSort: String, Sendable, CaseIterable {
    case bestMatch = "best-match"
    case newest
    /// The cheapest first, by the number alone.
    case price
    case priceDescending = "price-desc"
}

/// How many courses a search would find with each value of a filter, the other filters as they are.
struct CatalogueFacets: Sendable, Equatable {
    /// Of each filter; what is found least often is left out beyond it.
    static let valueCountMax = 50

    struct Count: Sendable, Equatable, Codable {
        let value: String
        let count: Int
    }

    var categories: [Count] = []
    var levels: [Count] = []
    var languages: [Count] = []
}

/// A course of the catalogue, and where in the list it stands.
struct CatalogueEntry: Sendable {
    let course: Course
    let lessonCount: Int
    let place: CataloguePlace
}

/// A place in the catalogue: by what the list is ordered by, then what was published last.
///
/// Neither part changes while the course stays as it is, so a page goes on where the one before ended whatever is published meanwhile.
struct CataloguePlace: RawRepresentable, Sendable, Equatable {
    /// The highest first: how well the course fits the words, in millionths, or its price; 0 where only the publication counts.
    let rank: Int
    /// The number of the course's publication: rises from one to the next.
    let publication: Int

    init(rank: Int, publication: Int) {
        self.rank = rank
        self.publication = publication
    }

    var rawValue: String { "\(rank).\(publication)" }

    /// Nil for what is no ``rawValue``.
    init?(rawValue: String) {
        let parts = rawValue.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let rank = parts[0], let publication = parts[1], publication >= 0 else {
            return nil
        }
        self.init(rank: rank, publication: publication)
        // One spelling each: "+1" and "01" are numbers too.
        guard self.rawValue == rawValue else { return nil }
    }
}
