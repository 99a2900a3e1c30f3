/// Collects the oldest dead letters, one per failure, with bounded memory.
struct OldestLetters {
    let countMax: Int
    /// Oldest first. The oldest of several copies represents the failure.
    private(set) var letters: [DeadLetter] = []
    private var known: Set<DeadLetter.Occurrence> = []

    init(countMax: Int) { self.countMax = countMax }

    /// An evicted failure was younger than all that remain. A later copy of it is added only if that copy is old enough itself, so the
    /// result does not depend on the order of arrival.
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
