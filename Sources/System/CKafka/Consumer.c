#include "Client.h"

#include <stdlib.h>
#include <string.h>

struct hub_kafka_lane {
    rd_kafka_queue_t *queue;
    rd_kafka_topic_t *topic;
    int32_t partition;
    int is_started;
};

hub_kafka_lane *hub_kafka_lane_open(
    hub_kafka *kafka, const char *topic, int32_t partition, hub_kafka_error *error
) {
    hub_kafka_lane *lane = calloc(1, sizeof *lane);
    if (!lane) {
        hub_kafka_fail(error, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, NULL);
        return NULL;
    }
    lane->partition = partition;
    lane->topic = rd_kafka_topic_new(kafka->client, topic, NULL);
    if (lane->topic) lane->queue = rd_kafka_queue_get_partition(kafka->client, topic, partition);
    if (!lane->queue) {
        hub_kafka_fail(error, rd_kafka_last_error(), NULL);
        if (lane->topic) rd_kafka_topic_destroy(lane->topic);
        free(lane);
        return NULL;
    }
    // Before it is assigned: what went to the client's common queue first would come there, or not at all.
    rd_kafka_queue_forward(lane->queue, NULL);
    rd_kafka_queue_io_event_enable(lane->queue, kafka->wake.write, &hub_wake_up, sizeof hub_wake_up);
    return lane;
}

void hub_kafka_lane_close(hub_kafka_lane *lane) {
    if (lane->is_started) hub_kafka_lane_stop(lane);
    // The queue may outlive this: nobody is to be woken for it.
    rd_kafka_queue_io_event_enable(lane->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(lane->queue);
    rd_kafka_topic_destroy(lane->topic);
    free(lane);
}

int hub_kafka_lane_start(hub_kafka_lane *lane, int64_t offset, hub_kafka_error *error) {
    if (rd_kafka_consume_start(lane->topic, lane->partition, offset) != 0)
        return hub_kafka_fail(error, rd_kafka_last_error(), NULL);
    lane->is_started = 1;
    return 0;
}

void hub_kafka_lane_stop(hub_kafka_lane *lane) {
    lane->is_started = 0;
    rd_kafka_consume_stop(lane->topic, lane->partition);
}

// MARK: Batches

struct owned_batch {
    hub_kafka_batch batch;
    rd_kafka_message_t **raw;
    hub_kafka_message *messages;
};

static void fill(struct owned_batch *owned, ssize_t taken) {
    hub_kafka_batch *batch = &owned->batch;
    for (ssize_t i = 0; i < taken; i++) {
        rd_kafka_message_t *raw = owned->raw[i];
        if (raw->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            batch->end = raw->offset;
            rd_kafka_message_destroy(raw);
            continue;
        }
        if (raw->err) {
            hub_kafka_fail(&batch->error, raw->err, rd_kafka_message_errstr(raw));
            rd_kafka_message_destroy(raw);
            continue;
        }
        rd_kafka_timestamp_type_t type;
        hub_kafka_message *message = &owned->messages[batch->count];
        *message = (hub_kafka_message){
            .offset = raw->offset,
            .timestamp = rd_kafka_message_timestamp(raw, &type),
            .key = raw->key,
            .value = raw->payload,
            .key_length = (uint32_t)raw->key_len,
            .value_length = (uint32_t)raw->len,
        };
        owned->raw[batch->count++] = raw;
    }
}

hub_kafka_batch *hub_kafka_lane_take(hub_kafka_lane *lane, int countMax) {
    size_t waiting = rd_kafka_queue_length(lane->queue);
    // Even an empty queue is asked: that is what arms its next wake-up.
    size_t capacity = waiting < 1 ? 1 : waiting < (size_t)countMax ? waiting : (size_t)countMax;
    struct owned_batch *owned = malloc(
        sizeof *owned + capacity * (sizeof(rd_kafka_message_t *) + sizeof(hub_kafka_message)));
    if (!owned) return NULL;
    memset(owned, 0, sizeof *owned);
    owned->messages = (hub_kafka_message *)(owned + 1);
    owned->raw = (rd_kafka_message_t **)(owned->messages + capacity);
    ssize_t taken = rd_kafka_consume_batch_queue(lane->queue, 0, owned->raw, capacity);
    if (taken <= 0) {
        free(owned);
        return NULL;
    }
    owned->batch.end = -1;
    fill(owned, taken);
    owned->batch.messages = owned->messages;
    owned->batch.is_drained = (size_t)taken < capacity;
    return &owned->batch;
}

int hub_kafka_batch_read_headers(hub_kafka_batch *batch) {
    struct owned_batch *owned = (struct owned_batch *)batch;
    size_t count = 0;
    rd_kafka_headers_t *headers;
    for (int i = 0; i < batch->count; i++)
        if (rd_kafka_message_headers(owned->raw[i], &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
            count += rd_kafka_header_cnt(headers);
    hub_kafka_header *all = malloc(count * sizeof *all + 1);
    hub_kafka_header_range *ranges = calloc((size_t)batch->count + 1, sizeof *ranges);
    batch->headers = all;
    batch->header_ranges = ranges;
    if (!all || !ranges) return -1;
    uint32_t next = 0;
    for (int i = 0; i < batch->count; i++) {
        ranges[i].first = next;
        if (rd_kafka_message_headers(owned->raw[i], &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        const char *name;
        const void *value;
        size_t size;
        for (size_t each = 0; rd_kafka_header_get_all(headers, each, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; each++)
            all[next++] = (hub_kafka_header){name, value, (uint32_t)strlen(name), value ? (uint32_t)size : 0};
        ranges[i].count = next - ranges[i].first;
    }
    return 0;
}

void hub_kafka_batch_free(hub_kafka_batch *batch) {
    struct owned_batch *owned = (struct owned_batch *)batch;
    for (int i = 0; i < batch->count; i++) rd_kafka_message_destroy(owned->raw[i]);
    free((void *)batch->headers);
    free((void *)batch->header_ranges);
    free(owned);
}

// MARK: Groups

int hub_kafka_subscribe(hub_kafka *kafka, const char *const *topics, int count, hub_kafka_error *error) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++) rd_kafka_topic_partition_list_add(list, topics[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(kafka->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? hub_kafka_fail(error, code, NULL) : 0;
}

int hub_kafka_unsubscribe(hub_kafka *kafka, hub_kafka_error *error) {
    rd_kafka_resp_err_t code = rd_kafka_unsubscribe(kafka->client);
    return code ? hub_kafka_fail(error, code, NULL) : 0;
}

int hub_kafka_assign(hub_kafka *kafka, const hub_kafka_partition *partitions, int count, hub_kafka_error *error) {
    rd_kafka_topic_partition_list_t *list = hub_kafka_list(partitions, count);
    rd_kafka_error_t *failure = rd_kafka_incremental_assign(kafka->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    return hub_kafka_finish(error, failure);
}

int hub_kafka_unassign(hub_kafka *kafka, const hub_kafka_partition *partitions, int count, hub_kafka_error *error) {
    rd_kafka_topic_partition_list_t *list = hub_kafka_list(partitions, count);
    rd_kafka_error_t *failure = rd_kafka_incremental_unassign(kafka->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    return hub_kafka_finish(error, failure);
}

int hub_kafka_is_lost(hub_kafka *kafka) { return rd_kafka_assignment_lost(kafka->client); }

int hub_kafka_commit(
    hub_kafka *kafka, const hub_kafka_partition *partitions, int count, uint64_t tag, hub_kafka_error *error
) {
    rd_kafka_topic_partition_list_t *list = hub_kafka_list(partitions, count);
    rd_kafka_resp_err_t code =
        rd_kafka_commit_queue(kafka->client, list, kafka->queue, NULL, (void *)(uintptr_t)tag);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? hub_kafka_fail(error, code, NULL) : 0;
}

int hub_kafka_close(hub_kafka *kafka, hub_kafka_error *error) {
    // The consumer's queue is forwarded to the one given here: it cannot be the same.
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka->client);
    rd_kafka_queue_io_event_enable(queue, kafka->wake.write, &hub_wake_up, sizeof hub_wake_up);
    rd_kafka_error_t *failure = rd_kafka_consumer_close_queue(kafka->client, queue);
    if (failure) {
        rd_kafka_queue_destroy(queue);
    } else {
        rd_kafka_queue_destroy(kafka->queue);
        kafka->queue = queue;
    }
    return hub_kafka_finish(error, failure);
}

int hub_kafka_is_closed(hub_kafka *kafka) { return rd_kafka_consumer_closed(kafka->client); }

// MARK: The group as the coordinator has it

hub_kafka_group *hub_kafka_group_get(hub_kafka *kafka, const char *name, int timeout, hub_kafka_error *error) {
    const struct rd_kafka_group_list *list = NULL;
    rd_kafka_resp_err_t code = rd_kafka_list_groups(kafka->client, name, &list, timeout);
    // Brokers that did not answer do not matter when the coordinator did.
    if (list && (!code || list->group_cnt > 0)) return (hub_kafka_group *)list;
    if (list) rd_kafka_group_list_destroy(list);
    hub_kafka_fail(error, code, NULL);
    return NULL;
}

static const struct rd_kafka_group_list *raw_groups(const hub_kafka_group *group) {
    return (const struct rd_kafka_group_list *)group;
}

void hub_kafka_group_free(hub_kafka_group *group) { rd_kafka_group_list_destroy(raw_groups(group)); }

const char *hub_kafka_group_state(const hub_kafka_group *group) {
    return raw_groups(group)->group_cnt > 0 ? raw_groups(group)->groups[0].state : "";
}

int hub_kafka_group_member_count(const hub_kafka_group *group) {
    return raw_groups(group)->group_cnt > 0 ? raw_groups(group)->groups[0].member_cnt : 0;
}

hub_kafka_bytes hub_kafka_group_assignment(const hub_kafka_group *group, int member) {
    const struct rd_kafka_group_member_info *info = &raw_groups(group)->groups[0].members[member];
    return (hub_kafka_bytes){info->member_assignment, info->member_assignment_size};
}
