#define _GNU_SOURCE
#include "CMicrohttpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

// Fields of one request are gathered here before Swift copies them out: one loop, one request at a time.
enum { SCRATCH_BYTES = 128 * 1024, EVENTS_MAX = 64, RUNS_MAX = 2, BLOCK_BYTES = 16 * 1024 };

struct hub_http {
    struct MHD_Daemon *daemon;
    hub_http_callbacks callbacks;
    int epoll;       // the daemon's
    int departures;  // ours: tells of peers that leave while their connection is suspended
    hub_http_field fields[HUB_HTTP_FIELDS_MAX];
    uint8_t bytes[SCRATCH_BYTES];
};

struct hub_http_peer {
    hub_http *http;
    struct MHD_Connection *connection;
    void *context;      // the driver's connection; NULL when it refused this one
    const char *line_target; // where the target lies in MHD's buffer until the header is handed over
    char *target;            // a copy: MHD takes a query apart in place
    size_t target_count, target_capacity;
    int fd;
    int suspended;
    int headed;         // the header of the request under way was handed over
};

// MARK: Listening

static int open_listener(const struct addrinfo *address, int shared) {
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 1024) == 0) return fd;
    int failure = errno;
    close(fd);
    errno = failure;
    return -1;
}

static uint16_t port_of(int fd) {
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) return 0;
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static void set_port(struct addrinfo *address, uint16_t port) {
    if (address->ai_family == AF_INET6) ((struct sockaddr_in6 *)address->ai_addr)->sin6_port = htons(port);
    if (address->ai_family == AF_INET) ((struct sockaddr_in *)address->ai_addr)->sin_port = htons(port);
}

int hub_http_listen(const char *host, uint16_t *port, int probe) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    if (getaddrinfo(host, NULL, &hints, &found) != 0 || !found) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    set_port(found, *port);
    int fd = -1, failure = 0;
    // Sockets with SO_REUSEPORT would share a port with another server of this user without a word: ask without it first.
    if (probe) {
        int alone = open_listener(found, 0);
        if (alone < 0) {
            failure = errno;
        } else {
            set_port(found, *port = port_of(alone));
            close(alone);
        }
    }
    if (!failure) {
        fd = open_listener(found, 1);
        failure = errno;
    }
    freeaddrinfo(found);
    errno = failure;
    return fd;
}

// MARK: What libmicrohttpd calls

struct gathered {
    hub_http *http;
    hub_http_head *head;
    const char *line; // where the next line has to be
};

static enum MHD_Result add_field(
    void *context, enum MHD_ValueKind kind, const char *name, size_t name_count, const char *value, size_t value_count
) {
    (void)kind;
    struct gathered *to = context;
    hub_http_head *head = to->head;
    // Lines follow one another in MHD's buffer. One that does not had a NUL in it, a bare line feed, or was folded.
    if (name != to->line) head->intact = 0;
    to->line = value + value_count + 2;
    if (head->field_count == HUB_HTTP_FIELDS_MAX || head->byte_count + name_count + value_count + 2 > SCRATCH_BYTES) {
        head->truncated = 1;
        return MHD_NO;
    }
    uint8_t *out = to->http->bytes + head->byte_count;
    to->http->fields[head->field_count++] = (hub_http_field){
        .name_start = (uint32_t)head->byte_count, .name_count = (uint32_t)name_count,
        .value_start = (uint32_t)(head->byte_count + name_count + 1), .value_count = (uint32_t)value_count,
    };
    memcpy(out, name, name_count);
    out[name_count] = 0;
    if (value_count) memcpy(out + name_count + 1, value, value_count);
    out[name_count + 1 + value_count] = 0;
    head->byte_count += name_count + value_count + 2;
    return MHD_YES;
}

static int hand_over_head(hub_http_peer *peer, const char *method, const char *version) {
    hub_http *http = peer->http;
    hub_http_head head = {
        .method = method, .target = peer->target_count ? peer->target : "", .target_count = peer->target_count,
        .version = strcmp(version, "HTTP/1.0") == 0 ? 10 : 11, .bytes = http->bytes, .fields = http->fields,
    };
    // Method, target and version lie side by side in MHD's buffer, each cut off by the NUL that replaced its space.
    const char *target = peer->line_target;
    head.intact = target == method + strlen(method) + 1 && version == target + peer->target_count + 1;
    struct gathered to = {http, &head, version + strlen(version) + 2};
    MHD_get_connection_values_n(peer->connection, MHD_HEADER_KIND, add_field, &to);
    const union MHD_ConnectionInfo *known =
        MHD_get_connection_info(peer->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (!known || to.line + 2 != method + known->header_size) head.intact = 0;
    peer->line_target = NULL;
    return http->callbacks.head(peer->context, &head);
}

static enum MHD_Result on_access(
    void *context, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
    const char *upload, size_t *upload_count, void **request
) {
    (void)context;
    (void)connection;
    (void)path;
    hub_http_peer *peer = *request;
    if (!peer || !peer->context) return MHD_NO;
    if (!peer->headed) {
        peer->headed = 1;
        return hand_over_head(peer, method, version) ? MHD_YES : MHD_NO;
    }
    if (*upload_count) {
        ssize_t taken = peer->http->callbacks.body(peer->context, (const uint8_t *)upload, *upload_count);
        if (taken < 0 || (size_t)taken > *upload_count) return MHD_NO;
        *upload_count -= (size_t)taken;
        return MHD_YES;
    }
    return peer->http->callbacks.end(peer->context) ? MHD_YES : MHD_NO;
}

static hub_http_peer *peer_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *known = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return known ? known->socket_context : NULL;
}

/// Returns how many bytes were copied; 0 when out of memory, which makes the line look broken.
static size_t copy_target(hub_http_peer *peer, const char *target) {
    size_t count = target ? strlen(target) : 0;
    if (count > peer->target_capacity) {
        char *grown = realloc(peer->target, count + 128);
        if (!grown) return 0;
        peer->target = grown;
        peer->target_capacity = count + 128;
    }
    if (count) memcpy(peer->target, target, count);
    return count;
}

static void *on_request_line(void *context, const char *target, struct MHD_Connection *connection) {
    (void)context;
    hub_http_peer *peer = peer_of(connection);
    if (!peer) return NULL;
    peer->headed = 0;
    peer->line_target = target;
    peer->target_count = copy_target(peer, target);
    if (peer->context) peer->http->callbacks.began(peer->context);
    return peer;
}

static void on_completed(
    void *context, struct MHD_Connection *connection, void **request, enum MHD_RequestTerminationCode code
) {
    (void)context;
    (void)connection;
    hub_http_peer *peer = *request;
    *request = NULL;
    if (peer && peer->context) peer->http->callbacks.finished(peer->context, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
}

static void write_address(struct MHD_Connection *connection, char *out, size_t count) {
    const union MHD_ConnectionInfo *known = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    out[0] = 0;
    if (!known || !known->client_addr) return;
    const struct sockaddr *address = known->client_addr;
    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, out, (socklen_t)count);
    if (address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, out, (socklen_t)count);
}

static void open_peer(hub_http *http, struct MHD_Connection *connection, void **socket_context) {
    const union MHD_ConnectionInfo *known = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    hub_http_peer *peer = known ? calloc(1, sizeof *peer) : NULL;
    *socket_context = peer;
    if (!peer) return;
    peer->http = http;
    peer->connection = connection;
    peer->fd = known->connect_fd;
    char address[INET6_ADDRSTRLEN + 1];
    write_address(connection, address, sizeof address);
    peer->context = http->callbacks.opened(http->callbacks.context, peer, address);
    if (!peer->context) {
        hub_http_peer_hang_up(peer);
        return;
    }
    // Edge-triggered and for the end only: a descriptor in here costs nothing until its peer leaves. Closing it takes it out.
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = peer};
    epoll_ctl(http->departures, EPOLL_CTL_ADD, peer->fd, &event);
}

static void on_connection(
    void *context, struct MHD_Connection *connection, void **socket_context, enum MHD_ConnectionNotificationCode code
) {
    hub_http *http = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) return open_peer(http, connection, socket_context);
    hub_http_peer *peer = *socket_context;
    *socket_context = NULL;
    if (!peer) return;
    epoll_ctl(http->departures, EPOLL_CTL_DEL, peer->fd, NULL);
    if (peer->context) http->callbacks.closed(peer->context);
    free(peer->target);
    free(peer);
}

/// Paths and queries are decoded by the driver, which must see them raw.
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    return strlen(text);
}

// MARK: The daemon

hub_http *hub_http_new(
    int listener, size_t connection_bytes, unsigned connections_max, unsigned timeout_seconds,
    const hub_http_callbacks *callbacks
) {
    hub_http *http = calloc(1, sizeof *http);
    if (!http) {
        close(listener);
        return NULL;
    }
    http->callbacks = *callbacks;
    http->departures = epoll_create1(EPOLL_CLOEXEC);
    http->daemon = http->departures < 0 ? NULL : MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO, 0, NULL, NULL, on_access, http,
        MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_bytes,
        MHD_OPTION_CONNECTION_LIMIT, connections_max,
        MHD_OPTION_CONNECTION_TIMEOUT, timeout_seconds,
        // What it would refuse in strict mode, the front check refuses with an answer of ours.
        MHD_OPTION_STRICT_FOR_CLIENT, 0,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, on_request_line, http,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
        MHD_OPTION_END);
    const union MHD_DaemonInfo *known =
        http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (known) {
        http->epoll = known->epoll_fd;
        return http;
    }
    if (!http->daemon) close(listener);
    hub_http_free(http);
    return NULL;
}

void hub_http_free(hub_http *http) {
    if (!http) return;
    if (http->daemon) MHD_stop_daemon(http->daemon);
    if (http->departures >= 0) close(http->departures);
    free(http);
}

int hub_http_descriptor(const hub_http *http) { return http->epoll; }
int hub_http_departures_descriptor(const hub_http *http) { return http->departures; }

void hub_http_run_departures(hub_http *http) {
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(http->departures, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) {
        hub_http_peer *peer = events[i].data.ptr;
        // Nothing frees a peer here: that takes hub_http_run.
        if (peer->context) http->callbacks.left(peer->context);
    }
}

int hub_http_run(hub_http *http) {
    MHD_UNSIGNED_LONG_LONG timeout = 1;
    for (int i = 0; i < RUNS_MAX; i++) {
        MHD_run(http->daemon);
        // A resumed connection is not signalled through the descriptor: go on until nothing is pending.
        if (MHD_get_timeout(http->daemon, &timeout) != MHD_YES || timeout != 0) return 0;
    }
    return 1;
}

void hub_http_quiesce(hub_http *http) {
    int listener = MHD_quiesce_daemon(http->daemon);
    if (listener >= 0) close(listener);
}

// MARK: Connections

void hub_http_peer_suspend(hub_http_peer *peer) {
    if (peer->suspended) return;
    peer->suspended = 1;
    MHD_suspend_connection(peer->connection);
}

void hub_http_peer_resume(hub_http_peer *peer) {
    if (!peer->suspended) return;
    peer->suspended = 0;
    MHD_resume_connection(peer->connection);
}

void hub_http_peer_nudge(hub_http_peer *peer) {
    if (peer->suspended) return;
    MHD_suspend_connection(peer->connection);
    MHD_resume_connection(peer->connection);
}

void hub_http_peer_send(hub_http_peer *peer, const uint8_t *bytes, size_t count) {
    ssize_t sent = send(peer->fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent;
}

void hub_http_peer_hang_up(hub_http_peer *peer) {
    // What the peer sent meanwhile is read away: closing with unread bytes would reset the connection and destroy the last word.
    char unread[4096];
    for (int i = 0; i < 64 && recv(peer->fd, unread, sizeof unread, MSG_DONTWAIT) > 0; i++) {}
    shutdown(peer->fd, SHUT_RDWR);
}

int hub_http_queue(hub_http_peer *peer, int status, hub_http_answer *answer) {
    struct MHD_Response *response = (struct MHD_Response *)answer;
    enum MHD_Result queued = MHD_queue_response(peer->connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return queued == MHD_YES;
}

// MARK: Answers

hub_http_answer *hub_http_answer_bytes(const uint8_t *bytes, size_t count) {
    static char nothing[1];
    return (hub_http_answer *)MHD_create_response_from_buffer(
        count, count ? (void *)bytes : nothing, count ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
}

static ssize_t on_read(void *context, uint64_t position, char *buffer, size_t count) {
    hub_http_peer *peer = context;
    if (!peer->context) return MHD_CONTENT_READER_END_WITH_ERROR;
    ssize_t given = peer->http->callbacks.read(peer->context, position, buffer, count);
    switch (given) {
    case HUB_HTTP_READ_END: return MHD_CONTENT_READER_END_OF_STREAM;
    case HUB_HTTP_READ_BROKEN: return MHD_CONTENT_READER_END_WITH_ERROR;
    case HUB_HTTP_READ_LATER:
        hub_http_peer_suspend(peer);
        return 0;
    default: return given;
    }
}

hub_http_answer *hub_http_answer_stream(hub_http_peer *peer, int64_t count) {
    return (hub_http_answer *)MHD_create_response_from_callback(
        count < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)count, BLOCK_BYTES, on_read, peer, NULL);
}

/// The library frames the message and says whether the connection stays.
static int is_of_framing(const char *name, size_t count) {
    switch (count) {
    case 10: return strcasecmp(name, "connection") == 0 || strcasecmp(name, "keep-alive") == 0;
    case 14: return strcasecmp(name, "content-length") == 0;
    case 17: return strcasecmp(name, "transfer-encoding") == 0;
    default: return 0;
    }
}

int hub_http_answer_fields(
    hub_http_answer *answer, const uint8_t *bytes, const hub_http_field *fields, size_t count
) {
    struct MHD_Response *response = (struct MHD_Response *)answer;
    for (size_t i = 0; i < count; i++) {
        const char *name = (const char *)bytes + fields[i].name_start;
        const char *value = (const char *)bytes + fields[i].value_start;
        // The library refuses an empty value; such a field says nothing.
        if (fields[i].value_count == 0 || is_of_framing(name, fields[i].name_count)) continue;
        if (MHD_add_response_header(response, name, value) != MHD_YES) return 0;
    }
    return 1;
}

int hub_http_answer_close(hub_http_answer *answer) {
    return MHD_add_response_header((struct MHD_Response *)answer, "Connection", "close") == MHD_YES;
}

void hub_http_answer_free(hub_http_answer *answer) { MHD_destroy_response((struct MHD_Response *)answer); }
