/// Reproducible randomness: the same seed gives the same numbers (SplitMix64).
struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// True once in `count` times.
    mutating func happens(onceIn count: Int) -> Bool { number(1...max(1, count)) == 1 }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(0...elements.count - 1)] }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }

    /// The same bytes in order, split at random places.
    mutating func pieces(of bytes: [UInt8], atMost countMax: Int) -> [[UInt8]] {
        var cuts = (0..<number(0...max(0, countMax - 1))).map { _ in number(0...bytes.count) } + [0, bytes.count]
        cuts.sort()
        return zip(cuts, cuts.dropFirst()).filter { $0 < $1 }.map { Array(bytes[$0..<$1]) }
    }
}
