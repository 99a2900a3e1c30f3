// The twin of `kafka.produce`: passes the same records with the same settings to librdkafka one by one, which copies them, and waits for a
// report for each. Prints messages per second and, if they are counted, allocations per message.
// libraries: rdkafka
//
// usage: kafka_producer SERVERS TOPIC COUNT
#include "kafka.h"

enum { KEYS = 1000, VALUE_BYTES = 200, POLL_EVERY = 1000 };

// The settings of the driver (KafkaConfiguration).
static const char *const settings[] = {
    "enable.idempotence", "true", "acks", "all", "message.timeout.ms", "0", "partitioner", "murmur2_random",
    "compression.type", "lz4", "linger.ms", "5", "batch.size", "1000000", "batch.num.messages", "10000",
    "queue.buffering.max.kbytes", "65536", "queue.buffering.max.messages", "100000", "socket.nagle.disable", "true", NULL,
};

static int64_t stored;

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *context) {
    (void)client, (void)context;
    if (message->err) fail(rd_kafka_err2str(message->err));
    stored++;
}

static void produce(rd_kafka_t *client, rd_kafka_topic_t *topic, int64_t count) {
    static char keys[KEYS][32];
    static uint8_t values[KEYS][VALUE_BYTES];
    if (!keys[0][0]) {
        uint32_t random = 1;
        for (int i = 0; i < KEYS; i++) {
            snprintf(keys[i], sizeof keys[i], "usr_%026d", i);
            for (int byte = 0; byte < VALUE_BYTES; byte++) values[i][byte] = (uint8_t)((random = random * 1664525 + 1013904223) >> 28);
        }
    }
    for (int64_t i = 0; i < count; i++) {
        const char *key = keys[i % KEYS];
        while (rd_kafka_producev(
                   client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA),
                   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, strlen(key)),
                   RD_KAFKA_V_VALUE(values[i % KEYS], VALUE_BYTES), RD_KAFKA_V_END)
               == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            rd_kafka_poll(client, 100);
        if (i % POLL_EVERY == 0) rd_kafka_poll(client, 0);
    }
    if (rd_kafka_flush(client, 60000)) fail("not every message was stored");
}

int main(int count, char **arguments) {
    if (count < 4) return 2;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_t *client = start(RD_KAFKA_PRODUCER, conf, arguments[1], settings);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, arguments[2], NULL);
    // Connected, and every partition known.
    produce(client, topic, KEYS);
    int64_t wanted = atoll(arguments[3]);
    struct span span = span_begin();
    produce(client, topic, wanted);
    if (stored != wanted + KEYS) fail("not every message was stored");
    span_end(span, wanted);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
    return 0;
}
