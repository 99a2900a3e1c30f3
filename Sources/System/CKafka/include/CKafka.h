// A narrow view of librdkafka: clients whose queues wake a loop through one descriptor, batches of records in both directions, groups,
// and administration. librdkafka's own header stays in the .c files. Works with 2.0.2 and later ones.
//
// Nothing here waits for a broker unless it says so. Strings are UTF-8 and end with NUL unless a length stands beside them.
#ifndef HUB_CKAFKA_H
#define HUB_CKAFKA_H

#include <stddef.h>
#include <stdint.h>

// MARK: Errors

/// What an error means to a caller; librdkafka's own codes stay opaque.
enum {
    HUB_KAFKA_OK,
    /// May be over in a moment: a broker is away, a leader moves.
    HUB_KAFKA_PASSING,
    HUB_KAFKA_TIMED_OUT,
    /// The producer's memory is full.
    HUB_KAFKA_QUEUE_FULL,
    /// Given up by hub_kafka_purge: it may have been stored or not.
    HUB_KAFKA_PURGED,
    HUB_KAFKA_TOO_LARGE,
    /// An access rule of the cluster forbids it.
    HUB_KAFKA_UNAUTHORIZED,
    /// The cluster does not let this client in: certificate, user or password.
    HUB_KAFKA_UNAUTHENTICATED,
    HUB_KAFKA_UNKNOWN_TOPIC,
    HUB_KAFKA_UNKNOWN_GROUP,
    HUB_KAFKA_EXISTS,
    HUB_KAFKA_GROUP_IN_USE,
    /// The offset asked for is not in the log.
    HUB_KAFKA_OFFSET_OUT_OF_RANGE,
    /// Another member has taken this one's place in its group.
    HUB_KAFKA_FENCED,
    /// The client was thrown out of its group because nobody polled.
    HUB_KAFKA_POLL_EXCEEDED,
    HUB_KAFKA_UNSUPPORTED,
    HUB_KAFKA_INVALID,
    /// The client is of no use any more.
    HUB_KAFKA_FATAL,
};

int hub_kafka_error_kind(int code);
/// librdkafka's name of a code, such as `MSG_SIZE_TOO_LARGE`; static.
const char *hub_kafka_error_name(int code);
/// librdkafka's words for a code; static.
const char *hub_kafka_error_text(int code);

/// An error that a call has to report; `code` 0 when there is none.
typedef struct {
    int code;
    char text[256];
} hub_kafka_error;

// MARK: Clients

typedef struct hub_kafka hub_kafka;
typedef struct hub_kafka_event hub_kafka_event;

enum { HUB_KAFKA_PRODUCER, HUB_KAFKA_CONSUMER };

typedef struct {
    const char *name;
    const char *value;
} hub_kafka_setting;

/// The version of the library in use, as 0xMMmmrrpp.
int hub_kafka_version(void);
/// Starts a client with its threads; reads files named by the settings. NULL on failure. The caller owns it: hub_kafka_destroy.
hub_kafka *hub_kafka_new(int kind, const hub_kafka_setting *settings, int count, hub_kafka_error *error);
/// Readable when something came into a queue that was empty: call hub_kafka_quieten, then take from every queue until it is empty.
int hub_kafka_descriptor(const hub_kafka *kafka);
void hub_kafka_quieten(hub_kafka *kafka);

enum {
    HUB_KAFKA_DESTROY,
    /// Leave the client to the end of the process: some versions cannot destroy it in the state it is in.
    HUB_KAFKA_ABANDON,
};
/// Ends the client on a thread of its own, which may take long, then closes its descriptor and calls `done` there. Everything taken
/// from the client must have been freed. Returns 0 when no thread could be had: then the client is abandoned and `done` was called.
int hub_kafka_destroy(hub_kafka *kafka, int how, void (*done)(void *context), void *context);

// MARK: Events of a client

enum {
    HUB_KAFKA_EVENT_NONE,
    HUB_KAFKA_EVENT_REPORTS,
    HUB_KAFKA_EVENT_LOG,
    HUB_KAFKA_EVENT_ERROR,
    HUB_KAFKA_EVENT_ASSIGN,
    HUB_KAFKA_EVENT_REVOKE,
    HUB_KAFKA_EVENT_COMMIT,
    /// The answer to an administrative request.
    HUB_KAFKA_EVENT_ANSWER,
};

/// The next event, or NULL. The caller frees it.
hub_kafka_event *hub_kafka_take(hub_kafka *kafka);
void hub_kafka_event_free(hub_kafka_event *event);
int hub_kafka_event_kind(const hub_kafka_event *event);
/// The number given with the request or commit.
uint64_t hub_kafka_event_tag(const hub_kafka_event *event);
/// The error of an event; for a fatal one that which was behind it.
void hub_kafka_event_error(hub_kafka *kafka, const hub_kafka_event *event, hub_kafka_error *error);
/// A log line: syslog's level, librdkafka's name of the place, its words. Valid as long as the event.
int hub_kafka_event_log(const hub_kafka_event *event, const char **place, const char **text);

typedef struct {
    const char *topic;
    int64_t offset;
    int32_t partition;
    /// librdkafka's code for this partition, 0 for none.
    int32_t error;
} hub_kafka_partition;

/// The partitions of an assignment, a revocation, a commit, or of an answer about offsets. `topic` is valid as long as the event.
int hub_kafka_event_partition_count(const hub_kafka_event *event);
hub_kafka_partition hub_kafka_event_partition(const hub_kafka_event *event, int index);

// MARK: Producing

typedef struct hub_kafka_topic hub_kafka_topic;

/// A topic to produce to; it lives as long as the client. NULL on failure.
hub_kafka_topic *hub_kafka_topic_open(hub_kafka *kafka, const char *name, hub_kafka_error *error);

/// Where a piece of a record lies in the bytes of its batch. A length of -1 is null.
typedef struct {
    int64_t offset;
    int64_t length;
} hub_kafka_slice;

typedef struct {
    hub_kafka_slice name;
    hub_kafka_slice value;
} hub_kafka_header_slice;

typedef struct {
    /// Milliseconds since 1970; 0 for now.
    int64_t timestamp;
    hub_kafka_slice key;
    hub_kafka_slice value;
    /// Of the batch's list of topics.
    int32_t topic;
    /// -1 for the one its key hashes to.
    int32_t partition;
    /// Of the batch's list of headers.
    int64_t header;
    int64_t header_count;
} hub_kafka_record_slice;

typedef struct {
    const uint8_t *bytes;
    const hub_kafka_record_slice *records;
    const hub_kafka_header_slice *headers;
    hub_kafka_topic *const *topics;
    /// The high half of each report's tag; the low half is the record's index.
    uint32_t tag;
} hub_kafka_records;

/// Hands over the records of `indexes`, all copied, in their order, until one is refused on the spot. Returns how many were taken;
/// `code` is that of the next one, 0 when all were taken.
int hub_kafka_produce(
    hub_kafka *kafka, const hub_kafka_records *records, const int32_t *indexes, int count, int *code);

typedef struct {
    uint64_t tag;
    /// -1 when the broker did not say.
    int64_t offset;
    int32_t partition;
    /// 0 when the record is stored.
    int32_t code;
} hub_kafka_report;

/// Takes the next reports of an event, at most `countMax`; 0 when there are no more.
int hub_kafka_event_reports(hub_kafka_event *event, hub_kafka_report *reports, int countMax);
/// Gives up everything produced and not reported: reports follow. What is on its way may have been stored.
void hub_kafka_purge(hub_kafka *kafka);

// MARK: Consuming

typedef struct hub_kafka_lane hub_kafka_lane;

typedef struct {
    const char *name;
    /// NULL is null.
    const uint8_t *value;
    uint32_t name_length;
    uint32_t value_length;
} hub_kafka_header;

typedef struct {
    int64_t offset;
    /// Milliseconds since 1970; -1 when the record has none.
    int64_t timestamp;
    /// NULL is null.
    const uint8_t *key;
    const uint8_t *value;
    uint32_t key_length;
    uint32_t value_length;
} hub_kafka_message;

/// Which of a batch's headers are those of a message.
typedef struct {
    uint32_t first;
    uint32_t count;
} hub_kafka_header_range;

/// Messages of one partition, with pointers into librdkafka's memory, and the error met after them.
typedef struct {
    const hub_kafka_message *messages;
    /// NULL before hub_kafka_batch_read_headers.
    const hub_kafka_header *headers;
    const hub_kafka_header_range *header_ranges;
    /// Where the partition ended, when that was met after the messages and the client asks for it (`enable.partition.eof`); else -1.
    int64_t end;
    int count;
    /// The lane was taken empty: nothing will come without the client's descriptor becoming readable first.
    int is_drained;
    hub_kafka_error error;
} hub_kafka_batch;

/// A partition's own queue. Of a member of a group it must be opened before the partition is assigned. The caller closes it before the
/// client ends. NULL on failure.
hub_kafka_lane *hub_kafka_lane_open(hub_kafka *kafka, const char *topic, int32_t partition, hub_kafka_error *error);
void hub_kafka_lane_close(hub_kafka_lane *lane);
/// Of a client without a group: fetches from `offset` on. Stopping waits for the client's own thread, not for a broker.
int hub_kafka_lane_start(hub_kafka_lane *lane, int64_t offset, hub_kafka_error *error);
void hub_kafka_lane_stop(hub_kafka_lane *lane);
/// What is there, at most `countMax` messages; NULL when nothing is, or without memory. The caller frees it before the client ends.
hub_kafka_batch *hub_kafka_lane_take(hub_kafka_lane *lane, int countMax);
/// Reads the headers of all messages. librdkafka keeps them unread until they are asked for, and reading takes memory for each. Call once,
/// by one thread at a time. 0 on success; otherwise there was no memory.
int hub_kafka_batch_read_headers(hub_kafka_batch *batch);
void hub_kafka_batch_free(hub_kafka_batch *batch);

// These wait for the client's own thread, never for a broker. 0 on success.
int hub_kafka_subscribe(hub_kafka *kafka, const char *const *topics, int count, hub_kafka_error *error);
int hub_kafka_unsubscribe(hub_kafka *kafka, hub_kafka_error *error);
/// Adds partitions with the offsets to read from, or takes them away. None at all answers an assignment or revocation, too.
int hub_kafka_assign(hub_kafka *kafka, const hub_kafka_partition *partitions, int count, hub_kafka_error *error);
int hub_kafka_unassign(hub_kafka *kafka, const hub_kafka_partition *partitions, int count, hub_kafka_error *error);
/// 1 when the partitions of a revocation belong to others already.
int hub_kafka_is_lost(hub_kafka *kafka);
/// Commits offsets; an event with `tag` answers.
int hub_kafka_commit(
    hub_kafka *kafka, const hub_kafka_partition *partitions, int count, uint64_t tag, hub_kafka_error *error);
/// Begins to leave the group; revocations may still come. Ask hub_kafka_is_closed after each event.
int hub_kafka_close(hub_kafka *kafka, hub_kafka_error *error);
int hub_kafka_is_closed(hub_kafka *kafka);

// MARK: Administration. Each request is answered by an event with its tag; times are milliseconds. 0 on success.

typedef struct {
    const char *name;
    const char *value;
} hub_kafka_config;

typedef struct {
    const char *name;
    const hub_kafka_config *configs;
    int config_count;
    int32_t partition_count;
    int32_t replication;
} hub_kafka_topic_spec;

typedef struct {
    uint64_t tag;
    int timeout;
} hub_kafka_request;

int hub_kafka_create_topics(
    hub_kafka *kafka, const hub_kafka_topic_spec *topics, int count, hub_kafka_request request, hub_kafka_error *error);
/// Grows topics to their `partition_count`.
int hub_kafka_create_partitions(
    hub_kafka *kafka, const hub_kafka_topic_spec *topics, int count, hub_kafka_request request, hub_kafka_error *error);
int hub_kafka_delete_topics(
    hub_kafka *kafka, const char *const *names, int count, hub_kafka_request request, hub_kafka_error *error);
int hub_kafka_describe_configs(
    hub_kafka *kafka, const char *const *topics, int count, hub_kafka_request request, hub_kafka_error *error);
/// 1 when the library can change single settings; otherwise what a topic's list does not name falls back to its default.
int hub_kafka_alters_incrementally(void);
int hub_kafka_alter_configs(
    hub_kafka *kafka, const hub_kafka_topic_spec *topics, int count, hub_kafka_request request, hub_kafka_error *error);
/// Removes what lies before each offset.
int hub_kafka_delete_records(
    hub_kafka *kafka, const hub_kafka_partition *before, int count, hub_kafka_request request, hub_kafka_error *error);
int hub_kafka_list_groups(hub_kafka *kafka, hub_kafka_request request, hub_kafka_error *error);
int hub_kafka_describe_groups(
    hub_kafka *kafka, const char *const *names, int count, hub_kafka_request request, hub_kafka_error *error);
int hub_kafka_delete_groups(
    hub_kafka *kafka, const char *const *names, int count, hub_kafka_request request, hub_kafka_error *error);
int hub_kafka_list_offsets(hub_kafka *kafka, const char *group, hub_kafka_request request, hub_kafka_error *error);
int hub_kafka_alter_offsets(
    hub_kafka *kafka, const char *group, const hub_kafka_partition *offsets, int count, hub_kafka_request request,
    hub_kafka_error *error);

/// One line of an answer: a topic, a group, or a broker that could not say.
typedef struct {
    const char *name;
    const char *text;
    int code;
} hub_kafka_result;

int hub_kafka_event_result_count(const hub_kafka_event *event);
/// Pointers are valid as long as the event.
hub_kafka_result hub_kafka_event_result(const hub_kafka_event *event, int index);

typedef struct {
    const char *name;
    /// NULL for a secret.
    const char *value;
    int is_default;
} hub_kafka_config_entry;

int hub_kafka_event_config_count(const hub_kafka_event *event, int result);
hub_kafka_config_entry hub_kafka_event_config(const hub_kafka_event *event, int result, int index);

typedef struct {
    const char *client;
    const char *host;
    /// NULL unless membership is static.
    const char *instance;
    int partition_count;
} hub_kafka_member;

/// The state of a described or listed group; static.
const char *hub_kafka_event_group_state(const hub_kafka_event *event, int result);
int hub_kafka_event_member_count(const hub_kafka_event *event, int result);
hub_kafka_member hub_kafka_event_member(const hub_kafka_event *event, int result, int index);
hub_kafka_partition hub_kafka_event_member_partition(const hub_kafka_event *event, int result, int member, int index);

// MARK: Look-ups. These wait for a broker, at most `timeout` milliseconds: never call them on a loop.

typedef struct hub_kafka_metadata hub_kafka_metadata;

/// The cluster, and one topic, or all when `topic` is NULL. NULL on failure.
hub_kafka_metadata *hub_kafka_metadata_get(hub_kafka *kafka, const char *topic, int timeout, hub_kafka_error *error);
void hub_kafka_metadata_free(hub_kafka_metadata *metadata);

typedef struct {
    const char *host;
    int32_t id;
    int port;
} hub_kafka_broker;

typedef struct {
    const int32_t *replicas;
    const int32_t *in_sync;
    int replica_count;
    int in_sync_count;
    int32_t id;
    /// -1 when there is none.
    int32_t leader;
} hub_kafka_partition_state;

int hub_kafka_metadata_broker_count(const hub_kafka_metadata *metadata);
hub_kafka_broker hub_kafka_metadata_broker(const hub_kafka_metadata *metadata, int index);
int hub_kafka_metadata_topic_count(const hub_kafka_metadata *metadata);
hub_kafka_result hub_kafka_metadata_topic(const hub_kafka_metadata *metadata, int index);
int hub_kafka_metadata_partition_count(const hub_kafka_metadata *metadata, int topic);
hub_kafka_partition_state hub_kafka_metadata_partition(const hub_kafka_metadata *metadata, int topic, int index);

/// The broker that leads the cluster, -1 when nobody said in time.
int32_t hub_kafka_controller(hub_kafka *kafka, int timeout);
/// Writes the cluster's id, with a terminating zero. 0 on success, -1 when nobody said it in time or it is longer than `size`.
int hub_kafka_cluster_id(hub_kafka *kafka, char *id, size_t size, int timeout);

enum { HUB_KAFKA_TIME_END = -1, HUB_KAFKA_TIME_BEGIN = -2 };
/// Replaces each `offset`, a time in milliseconds since 1970 or one of the above, by the first offset at or after it, -1 when there is
/// none. 0 on success.
int hub_kafka_offsets_for_times(
    hub_kafka *kafka, hub_kafka_partition *partitions, int count, int timeout, hub_kafka_error *error);

typedef struct hub_kafka_group hub_kafka_group;

/// A group as its coordinator has it. Not administration: that can end the program when the coordinator is lost meanwhile. NULL on
/// failure; the caller frees it.
hub_kafka_group *hub_kafka_group_get(hub_kafka *kafka, const char *name, int timeout, hub_kafka_error *error);
void hub_kafka_group_free(hub_kafka_group *group);
/// Kafka's word, such as `Stable`; empty for a group nobody knows.
const char *hub_kafka_group_state(const hub_kafka_group *group);
int hub_kafka_group_member_count(const hub_kafka_group *group);

typedef struct {
    /// NULL when there are none.
    const uint8_t *bytes;
    int count;
} hub_kafka_bytes;

/// What a member was given, as the consumers' protocol writes it.
hub_kafka_bytes hub_kafka_group_assignment(const hub_kafka_group *group, int member);

/// Of a member of a group: replaces each `offset` by what its group has committed, -1 for nothing. 0 on success.
int hub_kafka_committed(
    hub_kafka *kafka, hub_kafka_partition *partitions, int count, int timeout, hub_kafka_error *error);

#endif
