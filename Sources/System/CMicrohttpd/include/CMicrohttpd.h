// A narrow view of libmicrohttpd: a daemon driven by somebody else's loop, its connections, its answers.
// The library's header stays in the .c file. Everything here belongs to one thread: that of the loop.
#ifndef HUB_CMICROHTTPD_H
#define HUB_CMICROHTTPD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct hub_http hub_http;                    // a daemon; the caller frees it with hub_http_free
typedef struct hub_http_peer hub_http_peer;          // a connection; the daemon frees it after `closed`
typedef struct hub_http_answer hub_http_answer;      // a response; given away by hub_http_queue or hub_http_answer_free

/// Where a field lies in the bytes of a message: name and value each end in NUL.
typedef struct {
    uint32_t name_start, name_count, value_start, value_count;
} hub_http_field;

/// The header of a request. Everything pointed to lies still only during the call that hands it over.
typedef struct {
    const char *method;
    const char *target;
    size_t target_count;
    /// 0 when a line holds NUL, more than single spaces between its parts, ends without CR, or is folded: then method, target,
    /// version and values are not what they seem.
    int intact;
    /// 10 or 11.
    int version;
    const uint8_t *bytes;
    size_t byte_count;
    const hub_http_field *fields;
    size_t field_count;
    /// Not all fields fitted: more than HUB_HTTP_FIELDS_MAX.
    int truncated;
} hub_http_head;

enum { HUB_HTTP_FIELDS_MAX = 512 };
enum { HUB_HTTP_READ_END = -1, HUB_HTTP_READ_BROKEN = -2, HUB_HTTP_READ_LATER = -3 };

/// All are called on the loop's thread, from within hub_http_run or hub_http_queue. `connection` is what `opened` returned.
typedef struct {
    void *context;
    /// `address` is numeric, without port. NULL refuses: `hub_http_peer_send` may have sent a last word.
    void *(*opened)(void *context, hub_http_peer *peer, const char *address);
    void (*closed)(void *connection);
    /// A request line arrived.
    void (*began)(void *connection);
    /// The header is complete. 0 drops the connection.
    int (*head)(void *connection, const hub_http_head *head);
    /// Returns how many bytes were taken, -1 to drop the connection.
    ssize_t (*body)(void *connection, const uint8_t *bytes, size_t count);
    /// The request is complete and has no answer yet; called again when the connection is resumed without one.
    int (*end)(void *connection);
    /// The exchange is over, answered or not.
    void (*finished)(void *connection, int complete);
    /// Bytes of a streamed answer: a count, or one of HUB_HTTP_READ_*; after LATER the connection is suspended.
    ssize_t (*read)(void *connection, uint64_t position, char *buffer, size_t count);
    /// The peer sent its FIN, or is gone.
    void (*left)(void *connection);
} hub_http_callbacks;

/// A listening socket with SO_REUSEPORT; the caller owns it. `port` 0 takes a free one; the port taken is written back.
/// `probe` first makes sure that nobody else listens there. Returns -1 with errno set.
int hub_http_listen(const char *host, uint16_t *port, int probe);

/// Takes the listening socket over, also when it fails. NULL on failure.
hub_http *hub_http_new(
    int listener, size_t connection_bytes, unsigned connections_max, unsigned timeout_seconds,
    const hub_http_callbacks *callbacks);
/// Closes every connection; none may be suspended.
void hub_http_free(hub_http *http);
/// Readable when hub_http_run has something to do. Stays the daemon's.
int hub_http_descriptor(const hub_http *http);
/// Readable when hub_http_run_departures has something to do. Stays the daemon's.
int hub_http_departures_descriptor(const hub_http *http);
void hub_http_run_departures(hub_http *http);
/// Works off what is ready. Returns 1 when more is pending at once.
int hub_http_run(hub_http *http);
/// Accepts no more connections and closes the listening socket.
void hub_http_quiesce(hub_http *http);

void hub_http_peer_suspend(hub_http_peer *peer);
/// Takes effect with the next hub_http_run.
void hub_http_peer_resume(hub_http_peer *peer);
/// Makes the next hub_http_run read from the socket, whatever the library believes of it: it takes a short read for the last and
/// misses the end that was already there. Not to be called from a callback other than `left`.
void hub_http_peer_nudge(hub_http_peer *peer);
/// Writes straight to the socket as much as it takes now: for a last word before hub_http_peer_hang_up.
void hub_http_peer_send(hub_http_peer *peer, const uint8_t *bytes, size_t count);
/// Ends the connection; the daemon notices with the next hub_http_run.
void hub_http_peer_hang_up(hub_http_peer *peer);
/// Takes the answer over. Returns 0 when the connection cannot be answered in its state.
int hub_http_queue(hub_http_peer *peer, int status, hub_http_answer *answer);

/// Copies the bytes. NULL when out of memory.
hub_http_answer *hub_http_answer_bytes(const uint8_t *bytes, size_t count);
/// Asks `read` of the connection for its bytes; `count` -1 when unknown.
hub_http_answer *hub_http_answer_stream(hub_http_peer *peer, int64_t count);
/// Copies the fields that are none of framing. Returns 0 when one is refused.
int hub_http_answer_fields(
    hub_http_answer *answer, const uint8_t *bytes, const hub_http_field *fields, size_t count);
/// The connection closes after this answer.
int hub_http_answer_close(hub_http_answer *answer);
void hub_http_answer_free(hub_http_answer *answer);

#endif
