#define _GNU_SOURCE
#include "CPostgres.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_ON_STACK = 64 };

static PGconn *pg(const hub_pg *connection) { return (PGconn *)connection; }
static const PGresult *res(const hub_pg_result *result) { return (const PGresult *)result; }

// Notices (a WARNING of the server) may hold data and have no reader here.
static void drop_notice(void *context, const PGresult *notice) {
    (void)context;
    (void)notice;
}

// MARK: Connecting and cancelling

static int succeeds(PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

hub_pg *hub_pg_connect(
    const char *const *keys, const char *const *values, const char *setup, const char *const *prepared
) {
    PGconn *connection = PQconnectdbParams(keys, values, 1);
    if (!connection || PQstatus(connection) != CONNECTION_OK) return (hub_pg *)connection;
    PQsetNoticeReceiver(connection, drop_notice, NULL);
    int ready = succeeds(PQexec(connection, setup));
    for (int i = 0; ready && prepared[2 * i]; i++) {
        ready = succeeds(PQprepare(connection, prepared[2 * i], prepared[2 * i + 1], 0, NULL));
    }
    if (ready) return (hub_pg *)connection;
    // A connection without its settings must not be used.
    PQfinish(connection);
    return NULL;
}

hub_pg_cancel *hub_pg_cancel_new(hub_pg *connection) { return (hub_pg_cancel *)PQgetCancel(pg(connection)); }
void hub_pg_cancel_free(hub_pg_cancel *cancel) { PQfreeCancel((PGcancel *)cancel); }

int hub_pg_cancel_send(hub_pg_cancel *cancel) {
    char message[256];
    return PQcancel((PGcancel *)cancel, message, sizeof message) == 1 ? 0 : -1;
}

// MARK: The connection

int hub_pg_is_open(const hub_pg *connection) { return PQstatus(pg(connection)) == CONNECTION_OK; }

int hub_pg_begin_pipeline(hub_pg *connection) {
    if (PQsetnonblocking(pg(connection), 1) != 0) return -1;
    return PQenterPipelineMode(pg(connection)) == 1 ? 0 : -1;
}

int hub_pg_end_pipeline(hub_pg *connection) { return PQexitPipelineMode(pg(connection)) == 1 ? 0 : -1; }
int hub_pg_descriptor(const hub_pg *connection) { return PQsocket(pg(connection)); }
const char *hub_pg_message(const hub_pg *connection) { return PQerrorMessage(pg(connection)); }
void hub_pg_close(hub_pg *connection) { PQfinish(pg(connection)); }

// MARK: Sending

int hub_pg_send_prepare(
    hub_pg *connection, const char *name, const char *sql, const hub_pg_slot *slots, int count
) {
    Oid stack[SLOTS_ON_STACK];
    Oid *types = count <= SLOTS_ON_STACK ? stack : malloc(sizeof(Oid) * (size_t)count);
    if (!types) return -1;
    for (int i = 0; i < count; i++) types[i] = slots[i].type;
    int sent = PQsendPrepare(pg(connection), name, sql, count, types);
    if (types != stack) free(types);
    return sent == 1 ? 0 : -1;
}

struct parameters {
    const char *values[SLOTS_ON_STACK];
    int lengths[SLOTS_ON_STACK];
    int formats[SLOTS_ON_STACK];
};

static int send_prepared(
    PGconn *connection, const char *name, const uint8_t *bytes, const hub_pg_slot *slots, int count,
    const char **values, int *lengths, int *formats
) {
    for (int i = 0; i < count; i++) {
        values[i] = slots[i].length < 0 ? NULL : (const char *)bytes + slots[i].offset;
        lengths[i] = slots[i].length < 0 ? 0 : slots[i].length;
        formats[i] = 1;
    }
    return PQsendQueryPrepared(connection, name, count, values, lengths, formats, 1) == 1 ? 0 : -1;
}

int hub_pg_send_prepared(
    hub_pg *connection, const char *name, const uint8_t *bytes, const hub_pg_slot *slots, int count
) {
    // A statement whose parameters are all empty has no buffer, yet a pointer of NULL would mean SQL null.
    static const uint8_t nothing[1];
    if (!bytes) bytes = nothing;
    if (count <= SLOTS_ON_STACK) {
        struct parameters p;
        return send_prepared(pg(connection), name, bytes, slots, count, p.values, p.lengths, p.formats);
    }
    size_t each = sizeof(const char *) + 2 * sizeof(int);
    char *memory = malloc(each * (size_t)count);
    if (!memory) return -1;
    const char **values = (const char **)memory;
    int *lengths = (int *)(values + count);
    int status = send_prepared(pg(connection), name, bytes, slots, count, values, lengths, lengths + count);
    free(memory);
    return status;
}

int hub_pg_send_once(hub_pg *connection, const char *sql) {
    return PQsendQueryParams(pg(connection), sql, 0, NULL, NULL, NULL, NULL, 1) == 1 ? 0 : -1;
}

int hub_pg_send_script(hub_pg *connection, const char *sql) { return PQsendQuery(pg(connection), sql) == 1 ? 0 : -1; }

int hub_pg_send_sync(hub_pg *connection) { return PQpipelineSync(pg(connection)) == 1 ? 0 : -1; }
int hub_pg_flush(hub_pg *connection) { return PQflush(pg(connection)); }

// MARK: Receiving

int hub_pg_consume(hub_pg *connection) { return PQconsumeInput(pg(connection)) == 1 ? 0 : -1; }
int hub_pg_is_busy(hub_pg *connection) { return PQisBusy(pg(connection)); }
hub_pg_result *hub_pg_next(hub_pg *connection) { return (hub_pg_result *)PQgetResult(pg(connection)); }

void *hub_pg_notification(hub_pg *connection, const char **channel, const char **payload) {
    PGnotify *notification = PQnotifies(pg(connection));
    if (!notification) return NULL;
    *channel = notification->relname;
    *payload = notification->extra;
    return notification;
}

void hub_pg_notification_free(void *notification) { PQfreemem(notification); }

// MARK: Results

int hub_pg_result_status(const hub_pg_result *result) {
    switch (PQresultStatus(res(result))) {
    case PGRES_TUPLES_OK: return HUB_PG_TUPLES;
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY: return HUB_PG_COMMAND;
    case PGRES_PIPELINE_SYNC: return HUB_PG_SYNC;
    case PGRES_PIPELINE_ABORTED: return HUB_PG_ABORTED;
    case PGRES_COPY_IN: return HUB_PG_COPY_IN;
    case PGRES_COPY_OUT: return HUB_PG_COPY_OUT;
    default: return HUB_PG_ERROR;
    }
}

void hub_pg_result_free(hub_pg_result *result) { PQclear((PGresult *)result); }
int hub_pg_result_rows(const hub_pg_result *result) { return PQntuples(res(result)); }
int hub_pg_result_columns(const hub_pg_result *result) { return PQnfields(res(result)); }
const char *hub_pg_result_column_name(const hub_pg_result *result, int column) { return PQfname(res(result), column); }
uint32_t hub_pg_result_column_type(const hub_pg_result *result, int column) { return PQftype(res(result), column); }

int32_t hub_pg_result_cell(const hub_pg_result *result, int row, int column, const uint8_t **bytes) {
    int length = PQgetlength(res(result), row, column);
    *bytes = (const uint8_t *)PQgetvalue(res(result), row, column);
    return length == 0 && PQgetisnull(res(result), row, column) ? -1 : length;
}

int64_t hub_pg_result_affected(const hub_pg_result *result) {
    const char *count = PQcmdTuples((PGresult *)res(result));
    return count && *count ? strtoll(count, NULL, 10) : -1;
}

const char *hub_pg_result_tag(const hub_pg_result *result) {
    return result ? PQcmdStatus((PGresult *)res(result)) : NULL;
}

const char *hub_pg_result_error(const hub_pg_result *result, char field) {
    return PQresultErrorField(res(result), field);
}
