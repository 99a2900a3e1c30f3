internal import Contracts

/// Which published courses somebody looks for.
struct CatalogueSearch: Sendable {
    static let textLengthMax = 200

    /// Words of title, category or description.
    var text: String?
    var category: String?
    var level: String?
}

/// A course of the catalogue, and where in the list it stands.
struct CatalogueEntry: Sendable {
    let course: Course
    let lessonCount: Int
    let place: CataloguePlace
}

/// A place in the catalogue: the best match first, then what was published last.
///
/// Neither part changes while the course stays as it is, so a page goes on where the one before ended whatever is published meanwhile.
struct CataloguePlace: RawRepresentable, Sendable, Equatable {
    /// How well the course fits the words, in millionths; 0 when no words were given.
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
        guard parts.count == 2, let rank = parts[0], let publication = parts[1], rank >= 0, publication >= 0 else {
            return nil
        }
        self.init(rank: rank, publication: publication)
        // One spelling each: "+1" and "01" are numbers too.
        guard self.rawValue == rawValue else { return nil }
    }
}
