/// Suggestions for a misspelt name.
enum Suggestion {
    /// `. Did you mean …?`, or nothing.
    /// - Parameter shown: how a name is written.
    static func text(
        for word: String, among names: [String], shown: (String) -> String = { $0 }
    ) -> String {
        let near = names.filter { isNear(word, $0) }
        return near.isEmpty ? "" : ". Did you mean \(near.map { "`\(shown($0))`" }.joined(separator: " or "))?"
    }

    /// Whether the word is a prefix of the name, or within one edit of it; two for a long word.
    private static func isNear(_ word: String, _ name: String) -> Bool {
        if word.count >= 2, name.hasPrefix(word) { return true }
        return distance(Array(word), Array(name)) <= (min(word.count, name.count) > 5 ? 2 : 1)
    }

    /// The edit distance, with swaps of neighbouring letters.
    private static func distance(_ from: [Character], _ to: [Character]) -> Int {
        var before: [Int] = [], last = Array(0...to.count)
        for (row, letter) in from.enumerated() {
            var line = [row + 1]
            for (column, other) in to.enumerated() {
                var best = min(last[column] + (letter == other ? 0 : 1), last[column + 1] + 1, line[column] + 1)
                if row > 0, column > 0, letter == to[column - 1], other == from[row - 1] {
                    best = min(best, before[column - 1] + 1)
                }
                line.append(best)
            }
            (before, last) = (last, line)
        }
        return last[to.count]
    }
}
