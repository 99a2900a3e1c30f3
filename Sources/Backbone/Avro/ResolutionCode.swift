/// The instructions of a ``ResolutionPlan``: programs of plain steps, which call each other by number.
struct ResolutionCode: Sendable {
    struct Step: Sendable {
        var action: Action
        /// What the action works with: a number of bytes, a program, or the place in a table.
        var operand: Int32 = 0
        /// For arrays and maps: the fewest bytes an item takes.
        var itemBytesMin: Int32 = 0
    }

    enum Action: UInt8, Sendable {
        // Walking over the writer's bytes.
        case passVarint, passFixed, passText, passArray, passMap, passUnion, passProgram
        // Writing the reader's bytes.
        case copy, drop, insert, array, map, union, enumeration, program, reorder
        case intToFloat, intToDouble, longToFloat, longToDouble, floatToDouble
    }

    /// A record whose fields the reader has in another order.
    struct Reorder: Sendable {
        /// How to walk over each of the writer's fields.
        var passes: [Int32]
        /// What to write, and at which of the writer's fields it begins to read; -1 for a default.
        var reads: [(field: Int32, program: Int32)]
    }

    var steps: [Step] = []
    /// Where each program's steps are.
    var programs: [Range<Int>] = []
    var constants: [[UInt8]] = []
    /// For each writer's branch or symbol: a program, or a symbol of the reader; -1 where there is none.
    var tables: [[Int32]] = []
    var reorders: [Reorder] = []
    var start: Int32 = 0
}
