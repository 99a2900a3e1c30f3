/// The oldest of the dead letters it was shown, one for each failure; never holds more than it was asked for.
struct OldestLetters {
    let countMax: Int
    /// Oldest first. Of several copies of a failure the oldest stands for it.
    private(set) var letters: [DeadLetter] = []
    private var known: Set<DeadLetter.Occurrence> = []

    init(countMax: Int) { self.countMax = countMax }

    /// A failure that was pushed out was younger than all that are here, and so is every copy of it that still comes, unless that
    /// copy is old enough to be here itself: which is kept never depends on the order of arrival.
    mutating func add(_ letter: DeadLetter) {
        if letters.count >= countMax, let last = letters.last, !letter.isOlder(than: last) { return }
        if !known.insert(letter.occurrence).inserted {
            guard let copy = letters.firstIndex(where: { $0.occurrence == letter.occurrence }),
                letter.isOlder(than: letters[copy])
            else { return }
            letters.remove(at: copy)
        }
        letters.insert(letter, at: place(of: letter))
        if letters.count > countMax, let youngest = letters.popLast() { known.remove(youngest.occurrence) }
    }

    private func place(of letter: DeadLetter) -> Int {
        var lower = 0, upper = letters.count
        while lower < upper {
            let middle = (lower + upper) / 2
            if letters[middle].isOlder(than: letter) { lower = middle + 1 } else { upper = middle }
        }
        return lower
    }
}

extension DeadLetter {
    fileprivate func isOlder(than other: DeadLetter) -> Bool {
        (lastFailedAt, id) < (other.lastFailedAt, other.id)
    }
}
