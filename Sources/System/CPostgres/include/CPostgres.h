// A narrow view of libpq: one connection in non-blocking pipeline mode. libpq's own header stays in the .c file.
#ifndef HUB_CPOSTGRES_H
#define HUB_CPOSTGRES_H

#include <stddef.h>
#include <stdint.h>

typedef struct hub_pg hub_pg;
typedef struct hub_pg_result hub_pg_result;
typedef struct hub_pg_cancel hub_pg_cancel;

/// One parameter: where its bytes lie in the buffer of the statement. A length of -1 is SQL null.
typedef struct {
    uint32_t type;
    int32_t offset;
    int32_t length;
} hub_pg_slot;

enum {
    HUB_PG_TUPLES,
    HUB_PG_COMMAND,
    HUB_PG_SYNC,
    HUB_PG_ABORTED,
    HUB_PG_COPY_IN,
    HUB_PG_COPY_OUT,
    HUB_PG_ERROR,
};

// MARK: Connecting and cancelling. These block; never call them on a loop.

/// Connects with libpq's parameters, a later one before an earlier; `dbname` may be a whole address. Then runs `setup` (simple SQL)
/// and prepares the pairs of name and statement. Lists are ended by NULL.
/// Returns NULL when the server refuses these; otherwise ask hub_pg_is_open.
hub_pg *hub_pg_connect(
    const char *const *keys, const char *const *values, const char *setup, const char *const *prepared);
/// Asks the server to stop what the connection runs. Returns 0 when the request was delivered.
int hub_pg_cancel_send(hub_pg_cancel *cancel);

// MARK: The connection

int hub_pg_is_open(const hub_pg *connection);
/// Switches to non-blocking pipeline mode. 0 on success.
int hub_pg_begin_pipeline(hub_pg *connection);
/// Leaves pipeline mode; nothing may be in flight. 0 on success.
int hub_pg_end_pipeline(hub_pg *connection);
int hub_pg_descriptor(const hub_pg *connection);
/// What the server or the network said last; libpq's text, valid until the next call.
const char *hub_pg_message(const hub_pg *connection);
void hub_pg_close(hub_pg *connection);
hub_pg_cancel *hub_pg_cancel_new(hub_pg *connection);
void hub_pg_cancel_free(hub_pg_cancel *cancel);

// MARK: Sending. 0 on success.

int hub_pg_send_prepare(
    hub_pg *connection, const char *name, const char *sql, const hub_pg_slot *slots, int count);
int hub_pg_send_prepared(
    hub_pg *connection, const char *name, const uint8_t *bytes, const hub_pg_slot *slots, int count);
/// A statement without parameters that is not worth preparing.
int hub_pg_send_once(hub_pg *connection, const char *sql);
/// Several statements; outside pipeline mode only.
int hub_pg_send_script(hub_pg *connection, const char *sql);
int hub_pg_send_sync(hub_pg *connection);
/// 0 when everything is out, 1 when the descriptor must become writable first, -1 when the connection is lost.
int hub_pg_flush(hub_pg *connection);

// MARK: Receiving

/// Reads what the descriptor has. 0 on success, -1 when the connection is lost.
int hub_pg_consume(hub_pg *connection);
/// 1 when hub_pg_next would have to wait.
int hub_pg_is_busy(hub_pg *connection);
/// The next result, or NULL at the end of one statement's results.
hub_pg_result *hub_pg_next(hub_pg *connection);
/// Takes one notification, if there is one: both strings stay valid until hub_pg_notification_free.
void *hub_pg_notification(hub_pg *connection, const char **channel, const char **payload);
void hub_pg_notification_free(void *notification);

// MARK: Results

int hub_pg_result_status(const hub_pg_result *result);
void hub_pg_result_free(hub_pg_result *result);
int hub_pg_result_rows(const hub_pg_result *result);
int hub_pg_result_columns(const hub_pg_result *result);
const char *hub_pg_result_column_name(const hub_pg_result *result, int column);
uint32_t hub_pg_result_column_type(const hub_pg_result *result, int column);
/// -1 for SQL null, else the count of bytes at *bytes. `row` and `column` must be in range.
int32_t hub_pg_result_cell(const hub_pg_result *result, int row, int column, const uint8_t **bytes);
/// Rows a command touched; -1 when the command has no such count.
int64_t hub_pg_result_affected(const hub_pg_result *result);
const char *hub_pg_result_tag(const hub_pg_result *result);

/// Fields of an error: 'C' SQLSTATE, 'M' message, 's' schema, 't' table, 'c' column, 'n' constraint, 'R' routine. NULL when absent.
const char *hub_pg_result_error(const hub_pg_result *result, char field);

#endif
