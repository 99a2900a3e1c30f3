// librdkafka's mock cluster, for tests: brokers in this process that speak Kafka's protocol and do wrong when told to.
#ifndef HUB_KAFKA_MOCK_H
#define HUB_KAFKA_MOCK_H

typedef struct hub_mock hub_mock;

/// NULL on failure. The caller ends it.
hub_mock *hub_mock_start(int broker_count);
void hub_mock_end(hub_mock *mock);
/// `host:port` of each broker with commas between; valid as long as the cluster.
const char *hub_mock_bootstraps(const hub_mock *mock);
/// 0 on success.
int hub_mock_create_topic(hub_mock *mock, const char *topic, int partition_count, int replication);

/// The numbers of the protocol's requests.
enum { HUB_MOCK_PRODUCE = 0, HUB_MOCK_FETCH = 1, HUB_MOCK_METADATA = 3, HUB_MOCK_HEARTBEAT = 12 };
/// The protocol's errors.
enum {
    HUB_MOCK_UNKNOWN_ERROR = -1,
    HUB_MOCK_OFFSET_OUT_OF_RANGE = 1,
    HUB_MOCK_UNKNOWN_TOPIC = 3,
    HUB_MOCK_NOT_LEADER = 6,
    HUB_MOCK_TOO_LARGE = 10,
    HUB_MOCK_TOPIC_FORBIDDEN = 29,
    HUB_MOCK_FORBIDDEN = 31,
    HUB_MOCK_OUT_OF_ORDER = 45,
    HUB_MOCK_NO_SUCH_EPOCH = 47,
};
/// The next `count` requests of a kind fail with `error`.
void hub_mock_fail(hub_mock *mock, int request, int error, int count);
/// Every look-up of a topic is answered with `error`; 0 for none.
void hub_mock_set_topic_error(hub_mock *mock, const char *topic, int error);
/// A broker refuses connections, and drops those it has, until it is up again. Brokers count from 1.
void hub_mock_set_down(hub_mock *mock, int broker, int is_down);
/// Every answer of a broker takes so many milliseconds longer.
void hub_mock_set_delay(hub_mock *mock, int broker, int milliseconds);

#endif
