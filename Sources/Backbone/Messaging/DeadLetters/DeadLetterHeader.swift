/// The headers of a dead letter, beside those the record had. Frozen: tools and older dead letters depend on them.
public enum DeadLetterHeader {
    public static let topic = "dlq-topic"
    public static let partition = "dlq-partition"
    public static let offset = "dlq-offset"
    public static let key = "dlq-key"
    /// When the log took the original record.
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

    /// Bytes of an error's text that are kept.
    static let errorTextBytesMax = 1_000
}
