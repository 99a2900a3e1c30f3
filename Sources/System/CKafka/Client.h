// What the parts of this module share.
#ifndef HUB_CKAFKA_CLIENT_H
#define HUB_CKAFKA_CLIENT_H

#include "CKafka.h"

#include <CWake.h>
#include <librdkafka/rdkafka.h>

struct hub_kafka_topic {
    rd_kafka_topic_t *topic;
    struct hub_kafka_topic *next;
};

struct hub_kafka {
    rd_kafka_t *client;
    /// Where everything but messages arrives.
    rd_kafka_queue_t *queue;
    hub_kafka_topic *topics;
    /// librdkafka writes to it when a queue is no longer empty.
    hub_wake wake;
};

/// Fills `error` and returns -1.
int hub_kafka_fail(hub_kafka_error *error, int code, const char *text);
/// 0 for NULL; otherwise takes the error over, fills `error`, and returns -1.
int hub_kafka_finish(hub_kafka_error *error, rd_kafka_error_t *failure);
/// A list the caller destroys.
rd_kafka_topic_partition_list_t *hub_kafka_list(const hub_kafka_partition *partitions, int count);
hub_kafka_partition hub_kafka_partition_of(const rd_kafka_topic_partition_list_t *list, int index);
/// The partitions an administrative answer is about, NULL when it is about none.
const rd_kafka_topic_partition_list_t *hub_kafka_answer_partitions(rd_kafka_event_t *event);

#endif
