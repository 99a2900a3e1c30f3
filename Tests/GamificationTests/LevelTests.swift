@testable import Gamification
import Testing

@Suite struct LevelTests {
    @Test(arguments: [
        (0, 1), (50, 1), (99, 1), (100, 2), (299, 2), (300, 3), (599, 3), (600, 4), (1_000, 5), (-7, 1),
        (Int.max, 141_421), (Int.min, 1),
    ])
    func `a level begins at 50 times n times n minus 1 points`(points: Int, level: Int) {
        #expect(Level(points: points).number == level)
    }

    @Test func `the next level begins where the formula says`() {
        for points in 0...20_000 {
            let level = Level(points: points)
            #expect(50 * level.number * (level.number - 1) <= points && points < level.nextStart)
        }
    }

    @Test(arguments: [
        (0, 50, nil), (50, 100, 100), (99, 101, 100), (100, 150, nil), (0, 700, 500), (400, 5_000, 5_000),
        (4_999, 5_001, 5_000), (9_999, 10_000, 10_000), (150, 50, nil), (999_999_999, 1_000_000_000, 1_000_000_000),
    ])
    func `a milestone is published when it is reached, the highest of several`(before: Int, after: Int, milestone: Int?)
    {
        #expect(Milestone.crossed(from: before, to: after) == milestone)
    }
}
