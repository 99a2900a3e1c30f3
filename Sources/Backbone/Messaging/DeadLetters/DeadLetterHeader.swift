/// The headers of a dead letter, in addition to those of the record. They must not change: tools and stored dead letters depend on them.
public enum DeadLetterHeader {
    public static let topic = "dlq-topic"
    public static let partition = "dlq-partition"
    public static let offset = "dlq-offset"
    public static let key = "dlq-key"
    /// The log's timestamp of the original record.
    public static let timestamp = "dlq-timestamp"
    public static let group = "dlq-group"
    public static let errorClass = "dlq-error-class"
    public static let error = "dlq-error"
    public static let attempts = "dlq-attempts"
    public static let firstFailedAt = "dlq-first-failed-at"
    public static let lastFailedAt = "dlq-last-failed-at"
    public static let redriveCount = "dlq-redrive-count"
    public static let redriveBatch = "dlq-redrive-batch"

    static let all = [
        topic, partition, offset, key, timestamp, group, errorClass, error, attempts, firstFailedAt, lastFailedAt,
        redriveCount, redriveBatch,
    ]

    /// The maximum stored bytes of an error's text.
    static let errorTextBytesMax = 1_000
}
