/// The limits of this module. Each bounds what bytes from outside can make us do.
public enum AvroLimits {
    /// How deep arrays, maps, unions and records may nest, in schemas, messages and JSON.
    public static let nestingMax = 64
    /// The largest schema text, in bytes.
    public static let schemaBytesMax = 1 << 20
    /// The most named types a schema may define.
    public static let definitionsMax = 1_000
    /// The most fields of a record, branches of a union or symbols of an enumeration.
    public static let membersMax = 4_096
    /// The most items of an array whose items take no bytes at all; others are bounded by the bytes they take.
    public static let emptyItemsMax = 10_000
    /// The largest message body, in bytes, that resolution between two schemas may produce.
    public static let resolvedBytesMax = 64 << 20
    /// The most decimal digits of a decimal.
    public static let decimalDigitsMax = 38
}
