#define _GNU_SOURCE
#include "Client.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

// MARK: What librdkafka 2.0.2 lacks is looked up in the library in use.

typedef rd_kafka_error_t *(*add_incremental_config)(
    rd_kafka_ConfigResource_t *resource, const char *name, int operation, const char *value);
typedef void (*alter_incrementally)(
    rd_kafka_t *client, rd_kafka_ConfigResource_t **resources, size_t count, const rd_kafka_AdminOptions_t *options,
    rd_kafka_queue_t *queue);

// Both as the later header has them.
enum { OPERATION_SET = 0, INCREMENTAL_ALTER_RESULT = 0x20000 };

static add_incremental_config find_add(void) {
    return (add_incremental_config)dlsym(RTLD_DEFAULT, "rd_kafka_ConfigResource_add_incremental_config");
}

static alter_incrementally find_alter(void) {
    return (alter_incrementally)dlsym(RTLD_DEFAULT, "rd_kafka_IncrementalAlterConfigs");
}

int hub_kafka_alters_incrementally(void) { return find_add() && find_alter(); }

// MARK: Requests

static rd_kafka_AdminOptions_t *options_of(hub_kafka *kafka, hub_kafka_request request) {
    // Of no kind in particular, so that what later libraries add takes them too.
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(kafka->client, RD_KAFKA_ADMIN_OP_ANY);
    char text[128];
    rd_kafka_AdminOptions_set_request_timeout(options, request.timeout, text, sizeof text);
    rd_kafka_AdminOptions_set_operation_timeout(options, request.timeout, text, sizeof text);
    rd_kafka_AdminOptions_set_opaque(options, (void *)(uintptr_t)request.tag);
    return options;
}

static int out_of_memory(hub_kafka_error *error) {
    return hub_kafka_fail(error, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, NULL);
}

static int refuse(hub_kafka_error *error) {
    error->code = RD_KAFKA_RESP_ERR__INVALID_ARG;
    return -1;
}

int hub_kafka_create_topics(
    hub_kafka *kafka, const hub_kafka_topic_spec *topics, int count, hub_kafka_request request, hub_kafka_error *error
) {
    rd_kafka_NewTopic_t **new = calloc((size_t)count, sizeof *new);
    if (!new) return out_of_memory(error);
    int made = 0, status = 0;
    for (; made < count && status == 0; made++) {
        const hub_kafka_topic_spec *topic = &topics[made];
        new[made] = rd_kafka_NewTopic_new(
            topic->name, topic->partition_count, topic->replication, error->text, sizeof error->text);
        if (!new[made]) {
            status = refuse(error);
            break;
        }
        for (int i = 0; i < topic->config_count; i++)
            rd_kafka_NewTopic_set_config(new[made], topic->configs[i].name, topic->configs[i].value);
    }
    if (status == 0) {
        rd_kafka_AdminOptions_t *options = options_of(kafka, request);
        rd_kafka_CreateTopics(kafka->client, new, (size_t)count, options, kafka->queue);
        rd_kafka_AdminOptions_destroy(options);
    }
    rd_kafka_NewTopic_destroy_array(new, (size_t)made);
    free(new);
    return status;
}

int hub_kafka_create_partitions(
    hub_kafka *kafka, const hub_kafka_topic_spec *topics, int count, hub_kafka_request request, hub_kafka_error *error
) {
    rd_kafka_NewPartitions_t **new = calloc((size_t)count, sizeof *new);
    if (!new) return out_of_memory(error);
    int made = 0, status = 0;
    for (; made < count; made++) {
        new[made] = rd_kafka_NewPartitions_new(
            topics[made].name, (size_t)topics[made].partition_count, error->text, sizeof error->text);
        if (!new[made]) {
            status = refuse(error);
            break;
        }
    }
    if (status == 0) {
        rd_kafka_AdminOptions_t *options = options_of(kafka, request);
        rd_kafka_CreatePartitions(kafka->client, new, (size_t)count, options, kafka->queue);
        rd_kafka_AdminOptions_destroy(options);
    }
    rd_kafka_NewPartitions_destroy_array(new, (size_t)made);
    free(new);
    return status;
}

int hub_kafka_delete_topics(
    hub_kafka *kafka, const char *const *names, int count, hub_kafka_request request, hub_kafka_error *error
) {
    rd_kafka_DeleteTopic_t **old = calloc((size_t)count, sizeof *old);
    if (!old) return out_of_memory(error);
    for (int i = 0; i < count; i++) old[i] = rd_kafka_DeleteTopic_new(names[i]);
    rd_kafka_AdminOptions_t *options = options_of(kafka, request);
    rd_kafka_DeleteTopics(kafka->client, old, (size_t)count, options, kafka->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_DeleteTopic_destroy_array(old, (size_t)count);
    free(old);
    return 0;
}

int hub_kafka_describe_configs(
    hub_kafka *kafka, const char *const *topics, int count, hub_kafka_request request, hub_kafka_error *error
) {
    rd_kafka_ConfigResource_t **resources = calloc((size_t)count, sizeof *resources);
    if (!resources) return out_of_memory(error);
    for (int i = 0; i < count; i++) resources[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics[i]);
    rd_kafka_AdminOptions_t *options = options_of(kafka, request);
    rd_kafka_DescribeConfigs(kafka->client, resources, (size_t)count, options, kafka->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy_array(resources, (size_t)count);
    free(resources);
    return 0;
}

int hub_kafka_alter_configs(
    hub_kafka *kafka, const hub_kafka_topic_spec *topics, int count, hub_kafka_request request, hub_kafka_error *error
) {
    add_incremental_config add = find_add();
    alter_incrementally alter = find_alter();
    rd_kafka_ConfigResource_t **resources = calloc((size_t)count, sizeof *resources);
    if (!resources) return out_of_memory(error);
    for (int i = 0; i < count; i++) {
        resources[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics[i].name);
        for (int j = 0; j < topics[i].config_count; j++) {
            const hub_kafka_config *config = &topics[i].configs[j];
            if (add && alter) {
                hub_kafka_finish(error, add(resources[i], config->name, OPERATION_SET, config->value));
            } else {
                rd_kafka_ConfigResource_set_config(resources[i], config->name, config->value);
            }
        }
    }
    rd_kafka_AdminOptions_t *options = options_of(kafka, request);
    if (add && alter) {
        alter(kafka->client, resources, (size_t)count, options, kafka->queue);
    } else {
        rd_kafka_AlterConfigs(kafka->client, resources, (size_t)count, options, kafka->queue);
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy_array(resources, (size_t)count);
    free(resources);
    return 0;
}

int hub_kafka_delete_records(
    hub_kafka *kafka, const hub_kafka_partition *before, int count, hub_kafka_request request, hub_kafka_error *error
) {
    (void)error;
    rd_kafka_topic_partition_list_t *list = hub_kafka_list(before, count);
    rd_kafka_DeleteRecords_t *deletion = rd_kafka_DeleteRecords_new(list);
    rd_kafka_AdminOptions_t *options = options_of(kafka, request);
    rd_kafka_DeleteRecords(kafka->client, &deletion, 1, options, kafka->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_DeleteRecords_destroy(deletion);
    rd_kafka_topic_partition_list_destroy(list);
    return 0;
}

int hub_kafka_list_groups(hub_kafka *kafka, hub_kafka_request request, hub_kafka_error *error) {
    (void)error;
    rd_kafka_AdminOptions_t *options = options_of(kafka, request);
    rd_kafka_ListConsumerGroups(kafka->client, options, kafka->queue);
    rd_kafka_AdminOptions_destroy(options);
    return 0;
}

int hub_kafka_describe_groups(
    hub_kafka *kafka, const char *const *names, int count, hub_kafka_request request, hub_kafka_error *error
) {
    (void)error;
    rd_kafka_AdminOptions_t *options = options_of(kafka, request);
    rd_kafka_DescribeConsumerGroups(kafka->client, (const char **)names, (size_t)count, options, kafka->queue);
    rd_kafka_AdminOptions_destroy(options);
    return 0;
}

int hub_kafka_delete_groups(
    hub_kafka *kafka, const char *const *names, int count, hub_kafka_request request, hub_kafka_error *error
) {
    rd_kafka_DeleteGroup_t **old = calloc((size_t)count, sizeof *old);
    if (!old) return out_of_memory(error);
    for (int i = 0; i < count; i++) old[i] = rd_kafka_DeleteGroup_new(names[i]);
    rd_kafka_AdminOptions_t *options = options_of(kafka, request);
    rd_kafka_DeleteGroups(kafka->client, old, (size_t)count, options, kafka->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_DeleteGroup_destroy_array(old, (size_t)count);
    free(old);
    return 0;
}

int hub_kafka_list_offsets(hub_kafka *kafka, const char *group, hub_kafka_request request, hub_kafka_error *error) {
    (void)error;
    rd_kafka_ListConsumerGroupOffsets_t *listing = rd_kafka_ListConsumerGroupOffsets_new(group, NULL);
    rd_kafka_AdminOptions_t *options = options_of(kafka, request);
    rd_kafka_ListConsumerGroupOffsets(kafka->client, &listing, 1, options, kafka->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ListConsumerGroupOffsets_destroy(listing);
    return 0;
}

int hub_kafka_alter_offsets(
    hub_kafka *kafka, const char *group, const hub_kafka_partition *offsets, int count, hub_kafka_request request,
    hub_kafka_error *error
) {
    (void)error;
    rd_kafka_topic_partition_list_t *list = hub_kafka_list(offsets, count);
    rd_kafka_AlterConsumerGroupOffsets_t *change = rd_kafka_AlterConsumerGroupOffsets_new(group, list);
    rd_kafka_AdminOptions_t *options = options_of(kafka, request);
    rd_kafka_AlterConsumerGroupOffsets(kafka->client, &change, 1, options, kafka->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_AlterConsumerGroupOffsets_destroy(change);
    rd_kafka_topic_partition_list_destroy(list);
    return 0;
}

// MARK: Answers

/// The group of an answer about the offsets of one group, NULL for other answers.
static const rd_kafka_group_result_t *offsets_group(rd_kafka_event_t *event) {
    size_t count = 0;
    const rd_kafka_group_result_t **groups = NULL;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT:
        groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
            rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
        break;
    case RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT:
        groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
            rd_kafka_event_AlterConsumerGroupOffsets_result(event), &count);
        break;
    }
    return count ? groups[0] : NULL;
}

const rd_kafka_topic_partition_list_t *hub_kafka_answer_partitions(rd_kafka_event_t *event) {
    if (rd_kafka_event_error(event)) return NULL;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DELETERECORDS_RESULT)
        return rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
    const rd_kafka_group_result_t *group = offsets_group(event);
    return group ? rd_kafka_group_result_partitions(group) : NULL;
}

static const rd_kafka_topic_result_t **topic_results(rd_kafka_event_t *event, size_t *count) {
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
        return rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), count);
    case RD_KAFKA_EVENT_DELETETOPICS_RESULT:
        return rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), count);
    case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT:
        return rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), count);
    default:
        *count = 0;
        return NULL;
    }
}

typedef const rd_kafka_ConfigResource_t **(*resources_getter)(const void *result, size_t *count);

static const rd_kafka_ConfigResource_t **config_results(rd_kafka_event_t *event, size_t *count) {
    *count = 0;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT:
        return rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), count);
    case RD_KAFKA_EVENT_ALTERCONFIGS_RESULT:
        return rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), count);
    case INCREMENTAL_ALTER_RESULT: {
        // Every result is the event itself, see its type in the header.
        resources_getter get =
            (resources_getter)dlsym(RTLD_DEFAULT, "rd_kafka_IncrementalAlterConfigs_result_resources");
        return get ? get(event, count) : NULL;
    }
    default:
        return NULL;
    }
}

static const rd_kafka_ConsumerGroupDescription_t **described_groups(rd_kafka_event_t *event, size_t *count) {
    *count = 0;
    if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT) return NULL;
    return rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event), count);
}

static const rd_kafka_ConsumerGroupListing_t **listed_groups(rd_kafka_event_t *event, size_t *count) {
    *count = 0;
    if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT) return NULL;
    return rd_kafka_ListConsumerGroups_result_valid(rd_kafka_event_ListConsumerGroups_result(event), count);
}

static const rd_kafka_group_result_t **deleted_groups(rd_kafka_event_t *event, size_t *count) {
    *count = 0;
    if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_DELETEGROUPS_RESULT) return NULL;
    return rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), count);
}

/// Brokers that could not tell their groups.
static const rd_kafka_error_t **listing_errors(rd_kafka_event_t *event, size_t *count) {
    *count = 0;
    if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT) return NULL;
    return rd_kafka_ListConsumerGroups_result_errors(rd_kafka_event_ListConsumerGroups_result(event), count);
}

int hub_kafka_event_result_count(const hub_kafka_event *event) {
    rd_kafka_event_t *raw = (rd_kafka_event_t *)event;
    if (rd_kafka_event_error(raw)) return 0;
    size_t topics, configs, described, listed, deleted, errors;
    topic_results(raw, &topics);
    config_results(raw, &configs);
    described_groups(raw, &described);
    listed_groups(raw, &listed);
    deleted_groups(raw, &deleted);
    listing_errors(raw, &errors);
    return (int)(topics + configs + described + listed + deleted + errors) + (offsets_group(raw) ? 1 : 0);
}

static hub_kafka_result with_error(const char *name, const rd_kafka_error_t *error) {
    return (hub_kafka_result){
        name, error ? rd_kafka_error_string(error) : "", error ? (int)rd_kafka_error_code(error) : 0};
}

hub_kafka_result hub_kafka_event_result(const hub_kafka_event *event, int index) {
    rd_kafka_event_t *raw = (rd_kafka_event_t *)event;
    size_t count, at = (size_t)index;
    const rd_kafka_topic_result_t **topics = topic_results(raw, &count);
    if (at < count) {
        const char *text = rd_kafka_topic_result_error_string(topics[at]);
        return (hub_kafka_result){
            rd_kafka_topic_result_name(topics[at]), text ? text : "", rd_kafka_topic_result_error(topics[at])};
    }
    const rd_kafka_ConfigResource_t **configs = config_results(raw, &count);
    if (at < count) {
        const char *text = rd_kafka_ConfigResource_error_string(configs[at]);
        return (hub_kafka_result){
            rd_kafka_ConfigResource_name(configs[at]), text ? text : "", rd_kafka_ConfigResource_error(configs[at])};
    }
    const rd_kafka_ConsumerGroupDescription_t **described = described_groups(raw, &count);
    if (at < count)
        return with_error(
            rd_kafka_ConsumerGroupDescription_group_id(described[at]),
            rd_kafka_ConsumerGroupDescription_error(described[at]));
    const rd_kafka_group_result_t **deleted = deleted_groups(raw, &count);
    if (at < count)
        return with_error(rd_kafka_group_result_name(deleted[at]), rd_kafka_group_result_error(deleted[at]));
    const rd_kafka_group_result_t *group = offsets_group(raw);
    if (group) return with_error(rd_kafka_group_result_name(group), rd_kafka_group_result_error(group));
    const rd_kafka_ConsumerGroupListing_t **listed = listed_groups(raw, &count);
    if (at < count) return with_error(rd_kafka_ConsumerGroupListing_group_id(listed[at]), NULL);
    at -= count;
    const rd_kafka_error_t **errors = listing_errors(raw, &count);
    if (at < count) return with_error("", errors[at]);
    return with_error("", NULL);
}

static const rd_kafka_ConfigEntry_t **entries_of(const hub_kafka_event *event, int result, size_t *count) {
    size_t results;
    const rd_kafka_ConfigResource_t **resources = config_results((rd_kafka_event_t *)event, &results);
    *count = 0;
    return (size_t)result < results ? rd_kafka_ConfigResource_configs(resources[result], count) : NULL;
}

int hub_kafka_event_config_count(const hub_kafka_event *event, int result) {
    size_t count;
    entries_of(event, result, &count);
    return (int)count;
}

hub_kafka_config_entry hub_kafka_event_config(const hub_kafka_event *event, int result, int index) {
    size_t count;
    const rd_kafka_ConfigEntry_t *entry = entries_of(event, result, &count)[index];
    // What a topic has of its own is no default, even when it says the same.
    int is_own = rd_kafka_ConfigEntry_source(entry) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
    return (hub_kafka_config_entry){rd_kafka_ConfigEntry_name(entry), rd_kafka_ConfigEntry_value(entry), !is_own};
}

const char *hub_kafka_event_group_state(const hub_kafka_event *event, int result) {
    size_t count;
    const rd_kafka_ConsumerGroupDescription_t **described = described_groups((rd_kafka_event_t *)event, &count);
    if ((size_t)result < count)
        return rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(described[result]));
    const rd_kafka_ConsumerGroupListing_t **listed = listed_groups((rd_kafka_event_t *)event, &count);
    if ((size_t)result < count)
        return rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupListing_state(listed[result]));
    return "";
}

static const rd_kafka_ConsumerGroupDescription_t *described(const hub_kafka_event *event, int result) {
    size_t count;
    const rd_kafka_ConsumerGroupDescription_t **groups = described_groups((rd_kafka_event_t *)event, &count);
    return (size_t)result < count ? groups[result] : NULL;
}

int hub_kafka_event_member_count(const hub_kafka_event *event, int result) {
    const rd_kafka_ConsumerGroupDescription_t *group = described(event, result);
    return group ? (int)rd_kafka_ConsumerGroupDescription_member_count(group) : 0;
}

static const rd_kafka_topic_partition_list_t *held(const rd_kafka_MemberDescription_t *member) {
    const rd_kafka_MemberAssignment_t *assignment = rd_kafka_MemberDescription_assignment(member);
    return assignment ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
}

hub_kafka_member hub_kafka_event_member(const hub_kafka_event *event, int result, int index) {
    const rd_kafka_MemberDescription_t *member =
        rd_kafka_ConsumerGroupDescription_member(described(event, result), (size_t)index);
    const rd_kafka_topic_partition_list_t *partitions = held(member);
    return (hub_kafka_member){
        rd_kafka_MemberDescription_client_id(member), rd_kafka_MemberDescription_host(member),
        rd_kafka_MemberDescription_group_instance_id(member), partitions ? partitions->cnt : 0};
}

hub_kafka_partition hub_kafka_event_member_partition(const hub_kafka_event *event, int result, int member, int index) {
    return hub_kafka_partition_of(
        held(rd_kafka_ConsumerGroupDescription_member(described(event, result), (size_t)member)), index);
}

// MARK: Look-ups

hub_kafka_metadata *hub_kafka_metadata_get(
    hub_kafka *kafka, const char *topic, int timeout, hub_kafka_error *error
) {
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *only = topic ? rd_kafka_topic_new(kafka->client, topic, NULL) : NULL;
    if (topic && !only) {
        hub_kafka_fail(error, rd_kafka_last_error(), NULL);
        return NULL;
    }
    rd_kafka_resp_err_t code = rd_kafka_metadata(kafka->client, topic ? 0 : 1, only, &metadata, timeout);
    if (only) rd_kafka_topic_destroy(only);
    if (!code) return (hub_kafka_metadata *)metadata;
    hub_kafka_fail(error, code, NULL);
    return NULL;
}

void hub_kafka_metadata_free(hub_kafka_metadata *metadata) {
    rd_kafka_metadata_destroy((const struct rd_kafka_metadata *)metadata);
}

static const struct rd_kafka_metadata *raw_metadata(const hub_kafka_metadata *metadata) {
    return (const struct rd_kafka_metadata *)metadata;
}

int hub_kafka_metadata_broker_count(const hub_kafka_metadata *metadata) { return raw_metadata(metadata)->broker_cnt; }

hub_kafka_broker hub_kafka_metadata_broker(const hub_kafka_metadata *metadata, int index) {
    const struct rd_kafka_metadata_broker *broker = &raw_metadata(metadata)->brokers[index];
    return (hub_kafka_broker){broker->host, broker->id, broker->port};
}

int hub_kafka_metadata_topic_count(const hub_kafka_metadata *metadata) { return raw_metadata(metadata)->topic_cnt; }

hub_kafka_result hub_kafka_metadata_topic(const hub_kafka_metadata *metadata, int index) {
    const struct rd_kafka_metadata_topic *topic = &raw_metadata(metadata)->topics[index];
    return (hub_kafka_result){topic->topic, rd_kafka_err2str(topic->err), topic->err};
}

int hub_kafka_metadata_partition_count(const hub_kafka_metadata *metadata, int topic) {
    return raw_metadata(metadata)->topics[topic].partition_cnt;
}

hub_kafka_partition_state hub_kafka_metadata_partition(const hub_kafka_metadata *metadata, int topic, int index) {
    const struct rd_kafka_metadata_partition *partition = &raw_metadata(metadata)->topics[topic].partitions[index];
    return (hub_kafka_partition_state){
        partition->replicas, partition->isrs, partition->replica_cnt, partition->isr_cnt, partition->id,
        partition->leader};
}

int32_t hub_kafka_controller(hub_kafka *kafka, int timeout) { return rd_kafka_controllerid(kafka->client, timeout); }

int hub_kafka_cluster_id(hub_kafka *kafka, char *id, size_t size, int timeout) {
    char *known = rd_kafka_clusterid(kafka->client, timeout);
    if (!known) return -1;
    size_t length = strlen(known);
    if (length < size) memcpy(id, known, length + 1);
    rd_kafka_mem_free(kafka->client, known);
    return length < size ? 0 : -1;
}

/// Writes what `list` holds of each partition back, and frees it.
static int hub_kafka_answer(
    rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, hub_kafka_partition *partitions, int count,
    hub_kafka_error *error
) {
    for (int i = 0; i < count && !code; i++) {
        const rd_kafka_topic_partition_t *found =
            rd_kafka_topic_partition_list_find(list, partitions[i].topic, partitions[i].partition);
        partitions[i].offset = found && found->offset >= 0 ? found->offset : -1;
        partitions[i].error = found ? (int)found->err : RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return code ? hub_kafka_fail(error, code, NULL) : 0;
}

int hub_kafka_offsets_for_times(
    hub_kafka *kafka, hub_kafka_partition *partitions, int count, int timeout, hub_kafka_error *error
) {
    rd_kafka_topic_partition_list_t *list = hub_kafka_list(partitions, count);
    return hub_kafka_answer(rd_kafka_offsets_for_times(kafka->client, list, timeout), list, partitions, count, error);
}

int hub_kafka_committed(
    hub_kafka *kafka, hub_kafka_partition *partitions, int count, int timeout, hub_kafka_error *error
) {
    rd_kafka_topic_partition_list_t *list = hub_kafka_list(partitions, count);
    return hub_kafka_answer(rd_kafka_committed(kafka->client, list, timeout), list, partitions, count, error);
}
