// The twin of `kafka.consume`: reads messages in batches from a queue per partition and accesses each, like the driver: one descriptor signals
// new messages, and then every queue is read until it is empty. Measured from the first batch to the last. Prints messages per second and, if
// they are counted, allocations per message.
// libraries: rdkafka
//
// usage: kafka_consumer SERVERS TOPIC COUNT GROUP
#include "kafka.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BATCH = 500, PARTITIONS_MAX = 64 };

// The settings of the driver and of `BenchKafka`.
static const char *const settings[] = {
    "auto.offset.reset", "error", "enable.auto.commit", "false", "enable.auto.offset.store", "false",
    "queued.max.messages.kbytes", "262144", "queued.min.messages", "1000000", "fetch.max.bytes", "16777216",
    "max.partition.fetch.bytes", "1048576", "fetch.wait.max.ms", "500", "socket.nagle.disable", "true", NULL,
};

static rd_kafka_queue_t *queues[PARTITIONS_MAX];
static int queue_count;

/// Reads every partition of a topic from its beginning, without the common queue.
static void assign(rd_kafka_t *client, const char *name, int descriptor) {
    static const uint64_t wake = 1;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
    const rd_kafka_metadata_t *metadata;
    if (rd_kafka_metadata(client, 0, topic, &metadata, 10000)) fail("no brokers");
    queue_count = metadata->topics[0].partition_cnt;
    if (queue_count < 1 || queue_count > PARTITIONS_MAX) fail("no topic");
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(queue_count);
    for (int partition = 0; partition < queue_count; partition++) {
        rd_kafka_topic_partition_list_add(list, name, partition)->offset = 0;
        queues[partition] = rd_kafka_queue_get_partition(client, name, partition);
        rd_kafka_queue_forward(queues[partition], NULL);
        rd_kafka_queue_io_event_enable(queues[partition], descriptor, &wake, sizeof wake);
    }
    if (rd_kafka_assign(client, list)) fail("not assigned");
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
}

int main(int count, char **arguments) {
    if (count < 5) return 2;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "group.id", arguments[4], NULL, 0);
    rd_kafka_t *client = start(RD_KAFKA_CONSUMER, conf, arguments[1], settings);
    struct pollfd wake = {eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), POLLIN, 0};
    assign(client, arguments[2], wake.fd);
    rd_kafka_message_t *messages[BATCH];
    struct span span = {0};
    int64_t wanted = atoll(arguments[3]), seen = 0;
    uint64_t sum = 0, wakes;
    while (seen < wanted) {
        if (poll(&wake, 1, 10000) < 1) fail("nothing came");
        while (read(wake.fd, &wakes, sizeof wakes) > 0) {}
        for (int any = 1; any && seen < wanted;) {
            any = 0;
            for (int queue = 0; queue < queue_count; queue++) {
                ssize_t taken = rd_kafka_consume_batch_queue(queues[queue], 0, messages, BATCH);
                if (taken > 0 && span.start == 0) span = span_begin();
                for (ssize_t i = 0; i < taken; i++) {
                    if (messages[i]->err) fail(rd_kafka_message_errstr(messages[i]));
                    sum += messages[i]->len + *(uint8_t *)messages[i]->payload;
                    rd_kafka_message_destroy(messages[i]);
                }
                if (taken > 0) seen += taken;
                if (taken > 0) any = 1;
            }
        }
    }
    span_end(span, seen);
    fflush(stdout);
    if (sum == 0) fail("nothing was in the messages");
    // The process ends here, and what librdkafka holds with it.
    _exit(0);
}
