/// The instructions of a ``ResolutionPlan``: programs of simple steps, which call each other by number.
struct ResolutionCode: Sendable {
    struct Step: Sendable {
        var action: Action
        /// The operand of the action: a number of bytes, a program, or a table index.
        var operand: Int32 = 0
        /// For arrays and maps: the minimum encoded size of an item.
        var itemBytesMin: Int32 = 0
    }

    enum Action: UInt8, Sendable {
        // Skipping the writer's bytes.
        case passVarint, passFixed, passText, passArray, passMap, passUnion, passProgram
        // Writing the reader's bytes.
        case copy, drop, insert, array, map, union, enumeration, program, reorder
        case intToFloat, intToDouble, longToFloat, longToDouble, floatToDouble
    }

    /// A record whose fields have another order in the reader's schema.
    struct Reorder: Sendable {
        /// How to skip each of the writer's fields.
        var passes: [Int32]
        /// What to write, and the index of the writer's field to read from; -1 for a default.
        var reads: [(field: Int32, program: Int32)]
    }

    var steps: [Step] = []
    /// The location of each program's steps.
    var programs: [Range<Int>] = []
    var constants: [[UInt8]] = []
    /// For each of the writer's branches or symbols: a program, or a symbol of the reader; -1 when there is none.
    var tables: [[Int32]] = []
    var reorders: [Reorder] = []
    var start: Int32 = 0
}
