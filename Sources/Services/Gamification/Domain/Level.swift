/// A learner's level.
///
/// Level `n` begins at `50 · n · (n − 1)` points: 0, 100, 300, 600, 1,000 … Each level takes 100 points more than the one before. There
/// is no last level.
public struct Level: Sendable, Hashable, Comparable {
    /// Counted from 1.
    public let number: Int

    /// Points are capped here for the calculation: far above any real total, and without overflow.
    private static let pointsMax = 1_000_000_000_000

    /// - Parameter points: negative points count as 0.
    public init(points: Int) {
        let points = min(max(0, points), Self.pointsMax)
        // The largest n with 50·n·(n−1) ≤ points; the floating-point root is corrected to the exact one.
        var number = max(1, Int((1 + (1 + Double(points) / 12.5).squareRoot()) / 2))
        while Self.start(of: number + 1) <= points { number += 1 }
        while number > 1 && Self.start(of: number) > points { number -= 1 }
        self.number = number
    }

    /// The points at which the next level begins.
    public var nextStart: Int { Self.start(of: number + 1) }

    public static func < (left: Level, right: Level) -> Bool { left.number < right.number }

    private static func start(of number: Int) -> Int { 50 * number * (number - 1) }
}
