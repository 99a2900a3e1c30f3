internal import KafkaMock

/// librdkafka's mock cluster: brokers in this process that can simulate errors. They support neither administration nor look-ups by time.
// @unchecked: librdkafka's mock cluster may be used from any thread.
public final class MockKafka: @unchecked Sendable {
    private let mock: OpaquePointer

    public enum Request: Sendable { case produce, fetch, metadata, heartbeat }
    public enum Failure: Sendable {
        case unknownError, offsetOutOfRange, notLeader, tooLarge, topicForbidden, clusterForbidden, outOfOrder,
            noSuchEpoch
    }

    public struct CannotStart: Error {}

    public init(brokerCount: Int = 3) throws {
        guard let mock = hub_mock_start(Int32(brokerCount)) else { throw CannotStart() }
        self.mock = mock
    }

    deinit { hub_mock_end(mock) }

    /// Comma-separated `host:port` of the brokers.
    public var bootstrapServers: String { String(cString: hub_mock_bootstraps(mock)) }

    public func createTopic(_ name: String, partitionCount: Int = 1) throws {
        guard hub_mock_create_topic(mock, name, Int32(partitionCount), 3) == 0 else { throw CannotStart() }
    }

    /// The brokers report a topic as unknown until this is reset.
    public func setUnknown(_ topic: String, _ isUnknown: Bool) {
        hub_mock_set_topic_error(mock, topic, Int32(isUnknown ? HUB_MOCK_UNKNOWN_TOPIC : 0))
    }

    /// The next `count` requests fail.
    public func fail(_ request: Request, with failure: Failure, count: Int = 1) {
        let number =
            switch request {
            case .produce: HUB_MOCK_PRODUCE
            case .fetch: HUB_MOCK_FETCH
            case .metadata: HUB_MOCK_METADATA
            case .heartbeat: HUB_MOCK_HEARTBEAT
            }
        let error =
            switch failure {
            case .unknownError: HUB_MOCK_UNKNOWN_ERROR
            case .offsetOutOfRange: HUB_MOCK_OFFSET_OUT_OF_RANGE
            case .notLeader: HUB_MOCK_NOT_LEADER
            case .tooLarge: HUB_MOCK_TOO_LARGE
            case .topicForbidden: HUB_MOCK_TOPIC_FORBIDDEN
            case .clusterForbidden: HUB_MOCK_FORBIDDEN
            case .outOfOrder: HUB_MOCK_OUT_OF_ORDER
            case .noSuchEpoch: HUB_MOCK_NO_SUCH_EPOCH
            }
        hub_mock_fail(mock, Int32(number), Int32(error), Int32(count))
    }

    /// All brokers refuse and drop connections until they are up again.
    public func setDown(_ isDown: Bool, brokerCount: Int = 3) {
        for broker in 1...brokerCount { hub_mock_set_down(mock, Int32(broker), isDown ? 1 : 0) }
    }

    /// Delays every response.
    public func delay(by milliseconds: Int, brokerCount: Int = 3) {
        for broker in 1...brokerCount { hub_mock_set_delay(mock, Int32(broker), Int32(milliseconds)) }
    }
}
