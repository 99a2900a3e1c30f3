// A narrow view of libcurl's multi-socket interface: transfers of HTTP and mail driven by somebody else's loop.
// The library's header stays in the .c file. Everything here belongs to one thread: that of the loop.
#ifndef HUB_CCURL_H
#define HUB_CCURL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct hub_curl hub_curl;                    // transfers and kept connections; freed with hub_curl_free
typedef struct hub_curl_transfer hub_curl_transfer;  // valid from start until `done` was called or hub_curl_cancel

/// Where a field lies in the bytes of a message: name and value each end in NUL.
typedef struct {
    uint32_t name_start, name_count, value_start, value_count;
} hub_curl_field;

/// How a transfer ended. HUB_CURL_CONNECT: nothing was sent.
enum {
    HUB_CURL_OK = 0, HUB_CURL_INVALID, HUB_CURL_CONNECT, HUB_CURL_TIMED_OUT, HUB_CURL_ABORTED, HUB_CURL_REFUSED,
    HUB_CURL_PROTOCOL
};
/// What `read` returns beside a count; 0 is the end.
enum { HUB_CURL_READ_LATER = -1, HUB_CURL_READ_ABORT = -2 };
/// What `body` returns. After LATER the same bytes come again when receiving is resumed.
enum { HUB_CURL_BODY_TAKEN = 0, HUB_CURL_BODY_LATER = 1, HUB_CURL_BODY_ABORT = 2 };

/// Called on the loop's thread from within hub_curl_run, hub_curl_kick and the two that resume; `context` is the transfer's.
/// They must not start or cancel transfers.
typedef struct {
    /// The header of the response; everything pointed to lies still only during the call.
    void (*head)(void *context, int status, const uint8_t *bytes, size_t byte_count, const hub_curl_field *fields,
                 size_t field_count);
    int (*body)(void *context, const uint8_t *bytes, size_t count);
    ssize_t (*read)(void *context, char *buffer, size_t count);
    /// A line of the dialogue with a mail server: a command of ours, or a line of a reply.
    void (*line)(void *context, int is_reply, const uint8_t *bytes, size_t count);
    /// The transfer is over and freed afterwards. `code` is the last reply of the server, 0 for none.
    void (*done)(void *context, int outcome, int code, const char *message);
} hub_curl_callbacks;

typedef struct {
    long connections_per_host_max, connections_kept_max, kept_seconds;
    long connect_ms;
    size_t header_bytes_max;
    const char *ca_file; // NULL for the system's; copied
} hub_curl_limits;

/// Everything is copied but `context`.
typedef struct {
    const char *method;
    const char *url;
    const uint8_t *field_bytes;
    const hub_curl_field *fields;
    size_t field_count;
    const uint8_t *body;
    size_t body_count;
    /// The body comes from `read`; its length, -1 when unknown. Then `body` is not looked at.
    int streams_body;
    int64_t stream_count;
    /// It may be acted on twice. One that must not is not sent again on another connection when its own ends without an answer.
    int may_repeat;
    long timeout_ms; // 0 for none
    long idle_seconds;
} hub_curl_request;

/// Everything is copied.
typedef struct {
    const char *url, *from;
    const char *const *recipients;
    size_t recipient_count;
    const uint8_t *message;
    size_t message_count;
    const char *username, *password, *ca_file; // NULL for none
    int tls;                                   // 0 never, 1 when offered, 2 always
    long connect_ms, timeout_ms;
} hub_curl_mail;

/// Once per process, on a thread that may wait: takes tens of milliseconds. Returns 0 on failure.
int hub_curl_prepare(void);
/// NULL when the system has no memory or descriptor left.
hub_curl *hub_curl_new(const hub_curl_limits *limits, const hub_curl_callbacks *callbacks);
/// Ends every transfer without a word and closes every connection.
void hub_curl_free(hub_curl *curl);
/// Readable when hub_curl_run has something to do.
int hub_curl_descriptor(const hub_curl *curl);
/// Works off what is ready. Returns milliseconds until it has to be called again, -1 for never.
int64_t hub_curl_run(hub_curl *curl);
/// As hub_curl_run, without looking at descriptors: what starting and resuming need.
int64_t hub_curl_kick(hub_curl *curl);

/// Takes effect with the next kick. NULL when out of memory or the URL cannot be one.
hub_curl_transfer *hub_curl_start(hub_curl *curl, const hub_curl_request *request, void *context);
hub_curl_transfer *hub_curl_start_mail(hub_curl *curl, const hub_curl_mail *mail, void *context);
/// Goes on receiving after HUB_CURL_BODY_LATER, or sending after HUB_CURL_READ_LATER. May call `body` at once.
void hub_curl_resume_receiving(hub_curl_transfer *transfer);
void hub_curl_resume_sending(hub_curl_transfer *transfer);
/// Ends the transfer and its connection; `done` is not called.
void hub_curl_cancel(hub_curl_transfer *transfer);

#endif
