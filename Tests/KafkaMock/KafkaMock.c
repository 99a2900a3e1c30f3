#include "KafkaMock.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

struct hub_mock {
    /// The cluster lives in a client that does nothing else.
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
};

hub_mock *hub_mock_start(int broker_count) {
    hub_mock *mock = calloc(1, sizeof *mock);
    if (!mock) return NULL;
    char message[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "0", message, sizeof message);
    mock->host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, message, sizeof message);
    if (mock->host) mock->cluster = rd_kafka_mock_cluster_new(mock->host, broker_count);
    if (mock->cluster) return mock;
    hub_mock_end(mock);
    return NULL;
}

void hub_mock_end(hub_mock *mock) {
    if (mock->cluster) rd_kafka_mock_cluster_destroy(mock->cluster);
    if (mock->host) rd_kafka_destroy(mock->host);
    free(mock);
}

const char *hub_mock_bootstraps(const hub_mock *mock) { return rd_kafka_mock_cluster_bootstraps(mock->cluster); }

int hub_mock_create_topic(hub_mock *mock, const char *topic, int partition_count, int replication) {
    return rd_kafka_mock_topic_create(mock->cluster, topic, partition_count, replication);
}

void hub_mock_fail(hub_mock *mock, int request, int error, int count) {
    for (int i = 0; i < count; i++)
        rd_kafka_mock_push_request_errors(mock->cluster, (int16_t)request, 1, (rd_kafka_resp_err_t)error);
}

void hub_mock_set_topic_error(hub_mock *mock, const char *topic, int error) {
    rd_kafka_mock_topic_set_error(mock->cluster, topic, (rd_kafka_resp_err_t)error);
}

void hub_mock_set_down(hub_mock *mock, int broker, int is_down) {
    if (is_down) {
        rd_kafka_mock_broker_set_down(mock->cluster, broker);
    } else {
        rd_kafka_mock_broker_set_up(mock->cluster, broker);
    }
}

void hub_mock_set_delay(hub_mock *mock, int broker, int milliseconds) {
    rd_kafka_mock_broker_set_rtt(mock->cluster, broker, milliseconds);
}
