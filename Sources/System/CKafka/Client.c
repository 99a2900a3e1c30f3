#define _GNU_SOURCE
#include "Client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int hub_kafka_version(void) { return rd_kafka_version(); }

static rd_kafka_conf_t *configure(
    const hub_kafka_setting *settings, int count, int *has_group, hub_kafka_error *error
) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    *has_group = 0;
    for (int i = 0; i < count; i++) {
        if (rd_kafka_conf_set(conf, settings[i].name, settings[i].value, error->text, sizeof error->text)
            != RD_KAFKA_CONF_OK) {
            error->code = RD_KAFKA_RESP_ERR__INVALID_ARG;
            rd_kafka_conf_destroy(conf);
            return NULL;
        }
        if (strcmp(settings[i].name, "group.id") == 0) *has_group = 1;
    }
    // Log lines come as events, never on librdkafka's threads.
    rd_kafka_conf_set(conf, "log.queue", "true", NULL, 0);
    rd_kafka_conf_set_events(
        conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_REBALANCE
                  | RD_KAFKA_EVENT_OFFSET_COMMIT);
    return conf;
}

hub_kafka *hub_kafka_new(int kind, const hub_kafka_setting *settings, int count, hub_kafka_error *error) {
    int has_group;
    rd_kafka_conf_t *conf = configure(settings, count, &has_group, error);
    if (!conf) return NULL;
    hub_kafka *kafka = calloc(1, sizeof *kafka);
    if (!kafka || hub_wake_open(&kafka->wake) != 0) {
        hub_kafka_fail(error, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, NULL);
        rd_kafka_conf_destroy(conf);
        free(kafka);
        return NULL;
    }
    kafka->client = rd_kafka_new(
        kind == HUB_KAFKA_PRODUCER ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf, error->text, sizeof error->text);
    if (!kafka->client) {
        error->code = rd_kafka_last_error();
        if (!error->code) error->code = RD_KAFKA_RESP_ERR__INVALID_ARG;
        // Of a failed start the settings stay the caller's.
        rd_kafka_conf_destroy(conf);
        hub_wake_close(&kafka->wake);
        free(kafka);
        return NULL;
    }
    if (has_group) rd_kafka_poll_set_consumer(kafka->client);
    kafka->queue = has_group ? rd_kafka_queue_get_consumer(kafka->client) : rd_kafka_queue_get_main(kafka->client);
    rd_kafka_set_log_queue(kafka->client, kafka->queue);
    rd_kafka_queue_io_event_enable(kafka->queue, kafka->wake.write, &hub_wake_up, sizeof hub_wake_up);
    return kafka;
}

int hub_kafka_descriptor(const hub_kafka *kafka) { return kafka->wake.read; }

void hub_kafka_quieten(hub_kafka *kafka) { hub_wake_take(&kafka->wake); }

// MARK: The end

struct ending {
    hub_kafka *kafka;
    int how;
    void (*done)(void *context);
    void *context;
};

static void *end(void *argument) {
    struct ending ending = *(struct ending *)argument;
    free(argument);
    hub_kafka *kafka = ending.kafka;
    while (kafka->topics) {
        hub_kafka_topic *topic = kafka->topics;
        kafka->topics = topic->next;
        rd_kafka_topic_destroy(topic->topic);
        free(topic);
    }
    rd_kafka_queue_destroy(kafka->queue);
    // A member has left its group by now, or is not to wait for it.
    rd_kafka_destroy_flags(kafka->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    hub_wake_close(&kafka->wake);
    free(kafka);
    ending.done(ending.context);
    return NULL;
}

int hub_kafka_destroy(hub_kafka *kafka, int how, void (*done)(void *context), void *context) {
    pthread_attr_t attributes;
    pthread_t thread;
    struct ending *ending = how == HUB_KAFKA_DESTROY ? malloc(sizeof *ending) : NULL;
    int started = 0;
    if (ending) {
        *ending = (struct ending){kafka, how, done, context};
        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        started = pthread_create(&thread, &attributes, end, ending) == 0;
        pthread_attr_destroy(&attributes);
    }
    if (!started) {
        free(ending);
        done(context);
    }
    return started;
}

// MARK: Events

hub_kafka_event *hub_kafka_take(hub_kafka *kafka) {
    return (hub_kafka_event *)rd_kafka_queue_poll(kafka->queue, 0);
}

void hub_kafka_event_free(hub_kafka_event *event) { rd_kafka_event_destroy((rd_kafka_event_t *)event); }

int hub_kafka_event_kind(const hub_kafka_event *event) {
    rd_kafka_event_t *raw = (rd_kafka_event_t *)event;
    switch (rd_kafka_event_type(raw)) {
    case RD_KAFKA_EVENT_DR:
        return HUB_KAFKA_EVENT_REPORTS;
    case RD_KAFKA_EVENT_LOG:
        return HUB_KAFKA_EVENT_LOG;
    case RD_KAFKA_EVENT_ERROR:
        return HUB_KAFKA_EVENT_ERROR;
    case RD_KAFKA_EVENT_REBALANCE:
        return rd_kafka_event_error(raw) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? HUB_KAFKA_EVENT_ASSIGN
                                                                                 : HUB_KAFKA_EVENT_REVOKE;
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
        return HUB_KAFKA_EVENT_COMMIT;
    case RD_KAFKA_EVENT_FETCH:
    case RD_KAFKA_EVENT_STATS:
    case RD_KAFKA_EVENT_NONE:
        return HUB_KAFKA_EVENT_NONE;
    default:
        return HUB_KAFKA_EVENT_ANSWER;
    }
}

uint64_t hub_kafka_event_tag(const hub_kafka_event *event) {
    return (uint64_t)(uintptr_t)rd_kafka_event_opaque((rd_kafka_event_t *)event);
}

void hub_kafka_event_error(hub_kafka *kafka, const hub_kafka_event *event, hub_kafka_error *error) {
    rd_kafka_event_t *raw = (rd_kafka_event_t *)event;
    error->code = rd_kafka_event_error(raw);
    error->text[0] = 0;
    if (error->code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    if (error->code == RD_KAFKA_RESP_ERR__FATAL) {
        rd_kafka_fatal_error(kafka->client, error->text, sizeof error->text);
    } else {
        hub_kafka_fail(error, error->code, rd_kafka_event_error_string(raw));
    }
}

int hub_kafka_event_log(const hub_kafka_event *event, const char **place, const char **text) {
    int level = 7;
    *place = *text = "";
    rd_kafka_event_log((rd_kafka_event_t *)event, place, text, &level);
    return level;
}

static const rd_kafka_topic_partition_list_t *partitions_of(const hub_kafka_event *event) {
    rd_kafka_event_t *raw = (rd_kafka_event_t *)event;
    switch (rd_kafka_event_type(raw)) {
    case RD_KAFKA_EVENT_REBALANCE:
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
        return rd_kafka_event_topic_partition_list(raw);
    default:
        return hub_kafka_answer_partitions(raw);
    }
}

int hub_kafka_event_partition_count(const hub_kafka_event *event) {
    const rd_kafka_topic_partition_list_t *list = partitions_of(event);
    return list ? list->cnt : 0;
}

hub_kafka_partition hub_kafka_event_partition(const hub_kafka_event *event, int index) {
    return hub_kafka_partition_of(partitions_of(event), index);
}

rd_kafka_topic_partition_list_t *hub_kafka_list(const hub_kafka_partition *partitions, int count) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, partitions[i].topic, partitions[i].partition)->offset =
            partitions[i].offset;
    return list;
}

hub_kafka_partition hub_kafka_partition_of(const rd_kafka_topic_partition_list_t *list, int index) {
    const rd_kafka_topic_partition_t *element = &list->elems[index];
    return (hub_kafka_partition){element->topic, element->offset, element->partition, element->err};
}
