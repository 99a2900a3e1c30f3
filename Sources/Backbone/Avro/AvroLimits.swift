/// The limits of this module for external input.
public enum AvroLimits {
    /// The maximum nesting of arrays, maps, unions and records, in schemas, messages and JSON.
    public static let nestingMax = 64
    /// The maximum schema text in bytes.
    public static let schemaBytesMax = 1 << 20
    /// The maximum number of named types in a schema.
    public static let definitionsMax = 1_000
    /// The maximum number of fields of a record, branches of a union or symbols of an enumeration.
    public static let membersMax = 4_096
    /// The maximum number of array items that take no bytes; other items are bounded by the message size.
    public static let emptyItemsMax = 10_000
    /// The maximum number of nested values in a message, in addition to its number of bytes: records without fields take no bytes.
    public static let nestedValuesMax = 1_000_000
    /// The maximum message body, in bytes, after schema resolution.
    public static let resolvedBytesMax = 64 << 20
    /// The maximum number of digits of a decimal.
    public static let decimalDigitsMax = 38
}
