#include "Client.h"

#include <stdlib.h>

hub_kafka_topic *hub_kafka_topic_open(hub_kafka *kafka, const char *name, hub_kafka_error *error) {
    hub_kafka_topic *topic = malloc(sizeof *topic);
    if (topic) topic->topic = rd_kafka_topic_new(kafka->client, name, NULL);
    if (!topic || !topic->topic) {
        hub_kafka_fail(error, topic ? rd_kafka_last_error() : RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, NULL);
        free(topic);
        return NULL;
    }
    topic->next = kafka->topics;
    kafka->topics = topic;
    return topic;
}

static const void *bytes_of(const uint8_t *bytes, hub_kafka_slice slice) {
    // An empty value is not null: librdkafka tells them apart by the pointer.
    return slice.length < 0 ? NULL : bytes + slice.offset;
}

static size_t length_of(hub_kafka_slice slice) { return slice.length < 0 ? 0 : (size_t)slice.length; }

static rd_kafka_headers_t *make_headers(const hub_kafka_records *records, const hub_kafka_record_slice *record) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new((size_t)record->header_count);
    const hub_kafka_header_slice *slices = records->headers + record->header;
    for (int64_t i = 0; i < record->header_count; i++)
        rd_kafka_header_add(
            headers, bytes_of(records->bytes, slices[i].name), (ssize_t)length_of(slices[i].name),
            bytes_of(records->bytes, slices[i].value), (ssize_t)length_of(slices[i].value));
    return headers;
}

// librdkafka's call for several messages at once leaves headers out: they are handed over one by one.
int hub_kafka_produce(
    hub_kafka *kafka, const hub_kafka_records *records, const int32_t *indexes, int count, int *code
) {
    *code = 0;
    for (int i = 0; i < count; i++) {
        const hub_kafka_record_slice *record = &records->records[indexes[i]];
        rd_kafka_headers_t *headers = record->header_count ? make_headers(records, record) : NULL;
        uint64_t tag = (uint64_t)records->tag << 32 | (uint32_t)indexes[i];
        rd_kafka_vu_t parts[] = {
            {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = records->topics[record->topic]->topic},
            {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = record->partition},
            {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
            {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)(uintptr_t)tag},
            {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = record->timestamp},
            {.vtype = RD_KAFKA_VTYPE_KEY,
             .u.mem = {(void *)bytes_of(records->bytes, record->key), length_of(record->key)}},
            {.vtype = RD_KAFKA_VTYPE_VALUE,
             .u.mem = {(void *)bytes_of(records->bytes, record->value), length_of(record->value)}},
            {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
        };
        size_t part_count = sizeof parts / sizeof *parts - (headers ? 0 : 1);
        rd_kafka_error_t *failure = rd_kafka_produceva(kafka->client, parts, part_count);
        if (failure) {
            *code = rd_kafka_error_code(failure);
            rd_kafka_error_destroy(failure);
            // They are librdkafka's only when it has taken the message.
            if (headers) rd_kafka_headers_destroy(headers);
            return i;
        }
    }
    return count;
}

int hub_kafka_event_reports(hub_kafka_event *event, hub_kafka_report *reports, int countMax) {
    int count = 0;
    const rd_kafka_message_t *message;
    while (count < countMax && (message = rd_kafka_event_message_next((rd_kafka_event_t *)event)))
        reports[count++] = (hub_kafka_report){
            (uint64_t)(uintptr_t)message->_private, message->offset < 0 ? -1 : message->offset, message->partition,
            message->err};
    return count;
}

void hub_kafka_purge(hub_kafka *kafka) {
    rd_kafka_purge(
        kafka->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}
