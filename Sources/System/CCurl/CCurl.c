#define _GNU_SOURCE
#include "CCurl.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 64, FIELDS_MAX = 256, SPARE_MAX = 64, ROUNDS_MAX = 16 };

/// What epoll and curl each know of a descriptor.
struct watched {
    uint8_t is_ours;     // opened and closed through our callbacks, so that we hear when its number is free again
    uint8_t registered;  // what epoll was told: EPOLLIN, EPOLLOUT
    uint8_t wanted;      // what curl wants to hear of
};

struct hub_curl {
    CURLM *multi;
    hub_curl_callbacks callbacks;
    hub_curl_limits limits;
    char *ca_file;
    int epoll;
    int64_t deadline_ms;      // -1 for none
    struct watched *watched;  // by descriptor
    size_t watched_count;
    hub_curl_transfer *active;  // doubly linked
    hub_curl_transfer *spare;   // singly linked by `next`
    int spare_count;
};

/// Memory of a transfer that is used again by the next.
struct buffer {
    char *bytes;
    size_t count, capacity;
};

struct hub_curl_transfer {
    hub_curl *curl;
    CURL *easy;
    void *context;
    hub_curl_transfer *next, *previous;
    // The request.
    struct buffer text;  // field lines
    struct buffer body;
    size_t body_sent;
    struct curl_slist *nodes;
    size_t node_capacity;
    struct curl_slist *recipients;
    int streams_body, is_mail;
    int may_repeat, attempts;
    int pauses;
    // The response.
    struct buffer head;
    hub_curl_field fields[FIELDS_MAX];
    size_t field_count;
    int status;
    int is_headed, lengths;
    char error[CURL_ERROR_SIZE];
};

static int64_t now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int reserve(struct buffer *buffer, size_t more) {
    if (buffer->capacity - buffer->count >= more) return 1;
    size_t capacity = buffer->capacity ? buffer->capacity : 512;
    while (capacity - buffer->count < more) capacity *= 2;
    char *grown = realloc(buffer->bytes, capacity);
    if (!grown) return 0;
    buffer->bytes = grown;
    buffer->capacity = capacity;
    return 1;
}

static int append(struct buffer *buffer, const void *bytes, size_t count) {
    if (!reserve(buffer, count)) return 0;
    if (count) memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count += count;
    return 1;
}

// MARK: Descriptors

static struct watched *watched_at(hub_curl *curl, int fd) {
    if (fd < 0) return NULL;
    if ((size_t)fd >= curl->watched_count) {
        size_t count = (size_t)fd + 64;
        struct watched *grown = realloc(curl->watched, count * sizeof *grown);
        if (!grown) return NULL;
        memset(grown + curl->watched_count, 0, (count - curl->watched_count) * sizeof *grown);
        curl->watched = grown;
        curl->watched_count = count;
    }
    return &curl->watched[fd];
}

static void forget(hub_curl *curl, int fd, struct watched *watched) {
    if (watched->registered) epoll_ctl(curl->epoll, EPOLL_CTL_DEL, fd, NULL);
    watched->registered = 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *unused) {
    (void)easy;
    (void)unused;
    hub_curl *curl = context;
    struct watched *watched = watched_at(curl, fd);
    if (!watched) return -1;
    watched->wanted = (uint8_t)(((what & CURL_POLL_IN) && what != CURL_POLL_REMOVE ? EPOLLIN : 0)
        | ((what & CURL_POLL_OUT) && what != CURL_POLL_REMOVE ? EPOLLOUT : 0));
    if (watched->wanted == 0) {
        // A kept connection is wanted again with the next request: epoll forgets it only when it speaks unasked.
        if (!watched->is_ours) forget(curl, fd, watched);
        return 0;
    }
    if (watched->wanted == watched->registered) return 0;
    struct epoll_event event = {.events = watched->wanted, .data.fd = fd};
    int known = watched->registered != 0;
    if (epoll_ctl(curl->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0) {
        int other = errno == ENOENT ? EPOLL_CTL_ADD : errno == EEXIST ? EPOLL_CTL_MOD : 0;
        if (!other || epoll_ctl(curl->epoll, other, fd, &event) != 0) return -1;
    }
    watched->registered = watched->wanted;
    return 0;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    hub_curl *curl = context;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    struct watched *watched = watched_at(curl, fd);
    if (watched) *watched = (struct watched){.is_ours = 1};
    return fd;
}

static int close_socket(void *context, curl_socket_t fd) {
    hub_curl *curl = context;
    struct watched *watched = watched_at(curl, fd);
    if (watched) *watched = (struct watched){0};
    return close(fd);
}

static int on_timer(CURLM *multi, long timeout_ms, void *context) {
    (void)multi;
    hub_curl *curl = context;
    curl->deadline_ms = timeout_ms < 0 ? -1 : timeout_ms == 0 ? 0 : now_ms() + timeout_ms;
    return 0;
}

// MARK: What curl calls for a transfer

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
    hub_curl_transfer *transfer = context;
    count *= size;
    if (transfer->is_mail) return count;
    switch (transfer->curl->callbacks.body(transfer->context, (const uint8_t *)bytes, count)) {
    case HUB_CURL_BODY_TAKEN: return count;
    case HUB_CURL_BODY_LATER:
        transfer->pauses |= CURLPAUSE_RECV;
        return CURL_WRITEFUNC_PAUSE;
    default: return count + 1; // any other count than the given breaks off
    }
}

static size_t on_read(char *buffer, size_t size, size_t count, void *context) {
    hub_curl_transfer *transfer = context;
    count *= size;
    if (transfer->streams_body) {
        ssize_t given = transfer->curl->callbacks.read(transfer->context, buffer, count);
        if (given >= 0) return (size_t)given;
        if (given != HUB_CURL_READ_LATER) return CURL_READFUNC_ABORT;
        transfer->pauses |= CURLPAUSE_SEND;
        return CURL_READFUNC_PAUSE;
    }
    size_t left = transfer->body.count - transfer->body_sent;
    if (count > left) count = left;
    if (count) memcpy(buffer, transfer->body.bytes + transfer->body_sent, count);
    transfer->body_sent += count;
    return count;
}

static int on_seek(void *context, curl_off_t offset, int origin) {
    hub_curl_transfer *transfer = context;
    // A message can be sent again on another connection, a stream cannot.
    if (transfer->streams_body || origin != SEEK_SET || offset != 0) return CURL_SEEKFUNC_FAIL;
    transfer->body_sent = 0;
    return CURL_SEEKFUNC_OK;
}

/// curl sends a request again, whatever its method, when a kept connection ended without a word of the answer: the server may have
/// closed it before it saw the request, or may have acted on it and died. Only who knows the method can tell whether that matters.
static int on_request(void *context, char *remote, char *local, int remote_port, int local_port) {
    (void)remote, (void)local, (void)remote_port, (void)local_port;
    hub_curl_transfer *transfer = context;
    return transfer->attempts++ == 0 || transfer->may_repeat ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t add_field(hub_curl_transfer *transfer, const char *line, size_t count) {
    const char *colon = memchr(line, ':', count);
    if (!colon) return 0;
    const char *value = colon + 1, *end = line + count;
    while (value < end && (*value == ' ' || *value == '\t')) value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t')) end--;
    size_t name_count = (size_t)(colon - line), value_count = (size_t)(end - value);
    // Two lengths are two bodies to two readers.
    if (name_count == 14 && strncasecmp(line, "content-length", 14) == 0 && transfer->lengths++) return 0;
    if (transfer->field_count == FIELDS_MAX || name_count == 0) return 0;
    for (const char *byte = line; byte < colon; byte++)
        if (*byte <= 32 || *byte >= 127 || strchr("\"(),/:;<=>?@[\\]{}", *byte)) return 0;
    if (memchr(value, 0, value_count) || memchr(value, '\r', value_count) || !reserve(&transfer->head, name_count + value_count + 2)) return 0;
    uint32_t start = (uint32_t)transfer->head.count;
    transfer->fields[transfer->field_count++] = (hub_curl_field){
        start, (uint32_t)name_count, start + (uint32_t)name_count + 1, (uint32_t)value_count};
    append(&transfer->head, line, name_count);
    append(&transfer->head, "", 1);
    append(&transfer->head, value, value_count);
    append(&transfer->head, "", 1);
    return 1;
}

static size_t on_header(char *line, size_t size, size_t whole, void *context) {
    hub_curl_transfer *transfer = context;
    whole *= size;
    // Trailers say nothing here.
    if (transfer->is_mail || transfer->is_headed) return whole;
    size_t count = whole;
    while (count && (line[count - 1] == '\n' || line[count - 1] == '\r')) count--;
    if (count >= 12 && memcmp(line, "HTTP/", 5) == 0) {
        const char *space = memchr(line, ' ', count);
        transfer->status = space ? atoi(space + 1) : 0;
        transfer->field_count = transfer->head.count = 0;
        transfer->lengths = 0;
        return whole;
    }
    if (count) {
        if (transfer->head.count + count > transfer->curl->limits.header_bytes_max) return 0;
        return add_field(transfer, line, count) ? whole : 0;
    }
    // 100 Continue and its like: the answer is still to come.
    if (transfer->status < 200) return whole;
    transfer->is_headed = 1;
    transfer->curl->callbacks.head(transfer->context, transfer->status, (const uint8_t *)transfer->head.bytes,
        transfer->head.count, transfer->fields, transfer->field_count);
    return whole;
}

/// Nothing more is read from any connection. Who waits for something to read is told at once that nothing comes.
static void stop_reading(hub_curl *curl) {
    for (size_t fd = 0; fd < curl->watched_count; fd++)
        if (curl->watched[fd].is_ours) shutdown((int)fd, SHUT_RD);
}

/// Which command a reply answers is told by the order of both. Behind the farewell libcurl would wait in place for an answer, for two
/// minutes whatever the limits of the transfer are: there is one connection to a mail server, and it is at its end.
static int on_dialogue(CURL *easy, curl_infotype kind, char *bytes, size_t count, void *context) {
    (void)easy;
    hub_curl_transfer *transfer = context;
    if (kind == CURLINFO_HEADER_OUT && count >= 4 && memcmp(bytes, "QUIT", 4) == 0) stop_reading(transfer->curl);
    if (kind == CURLINFO_HEADER_OUT || kind == CURLINFO_HEADER_IN)
        transfer->curl->callbacks.line(transfer->context, kind == CURLINFO_HEADER_IN, (const uint8_t *)bytes, count);
    return 0;
}

// MARK: Making transfers

static void free_transfer(hub_curl_transfer *transfer) {
    if (transfer->easy) curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->recipients);
    free(transfer->text.bytes);
    free(transfer->body.bytes);
    free(transfer->head.bytes);
    free(transfer->nodes);
    free(transfer);
}

static hub_curl_transfer *make_transfer(hub_curl *curl) {
    hub_curl_transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer) return NULL;
    transfer->curl = curl;
    CURL *easy = transfer->easy = curl_easy_init();
    if (!easy) {
        free(transfer);
        return NULL;
    }
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    // A transfer that ends while its host's name is still looked up does not wait, on the loop, for the look-up to end.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, curl);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, curl);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, curl->limits.kept_seconds);
    if (curl->ca_file) curl_easy_setopt(easy, CURLOPT_CAINFO, curl->ca_file);
    return transfer;
}

/// What is the same for every HTTP transfer; the rest is set anew by each.
static void set_http(hub_curl_transfer *transfer) {
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, transfer->curl->limits.connect_ms);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
}

static hub_curl_transfer *take_transfer(hub_curl *curl) {
    hub_curl_transfer *transfer = curl->spare;
    if (transfer) {
        curl->spare = transfer->next;
        curl->spare_count--;
    } else {
        transfer = make_transfer(curl);
        if (!transfer) return NULL;
        set_http(transfer);
    }
    transfer->text.count = transfer->body.count = transfer->head.count = 0;
    transfer->body_sent = transfer->field_count = 0;
    transfer->status = transfer->is_headed = transfer->pauses = transfer->streams_body = 0;
    transfer->error[0] = 0;
    return transfer;
}

static void give_back(hub_curl_transfer *transfer) {
    hub_curl *curl = transfer->curl;
    if (transfer->previous) transfer->previous->next = transfer->next;
    else if (curl->active == transfer) curl->active = transfer->next;
    if (transfer->next) transfer->next->previous = transfer->previous;
    transfer->previous = transfer->next = NULL;
    // Memory one large transfer took is not kept for ever.
    int is_large = transfer->body.capacity > 256 * 1024;
    if (transfer->is_mail || is_large || curl->spare_count >= SPARE_MAX) return free_transfer(transfer);
    transfer->next = curl->spare;
    curl->spare = transfer;
    curl->spare_count++;
}

static hub_curl_transfer *add(hub_curl_transfer *transfer, void *context) {
    hub_curl *curl = transfer->curl;
    transfer->context = context;
    transfer->previous = NULL;
    transfer->next = curl->active;
    if (curl->active) curl->active->previous = transfer;
    curl->active = transfer;
    if (curl_multi_add_handle(curl->multi, transfer->easy) == CURLM_OK) return transfer;
    give_back(transfer);
    return NULL;
}

static int named(const char *name, size_t count, const char *lower) {
    return strlen(lower) == count && strncasecmp(name, lower, count) == 0;
}

/// curl frames the message and keeps the connection.
static int is_of_framing(const char *name, size_t count) {
    return named(name, count, "connection") || named(name, count, "keep-alive") || named(name, count, "content-length")
        || named(name, count, "transfer-encoding") || named(name, count, "expect");
}

/// The fields as a list of lines, all in memory of the transfer.
static struct curl_slist *make_lines(hub_curl_transfer *transfer, const hub_curl_request *request) {
    size_t text_count = 0, line_count = 0;
    for (size_t i = 0; i < request->field_count; i++)
        text_count += request->fields[i].name_count + request->fields[i].value_count + 3;
    if (!reserve(&transfer->text, text_count)) return NULL;
    if (transfer->node_capacity < request->field_count + 3) {
        struct curl_slist *grown = realloc(transfer->nodes, (request->field_count + 19) * sizeof *grown);
        if (!grown) return NULL;
        transfer->nodes = grown;
        transfer->node_capacity = request->field_count + 19;
    }
    int has_accept = 0, has_type = 0;
    for (size_t i = 0; i < request->field_count; i++) {
        const hub_curl_field *field = &request->fields[i];
        const char *name = (const char *)request->field_bytes + field->name_start;
        if (is_of_framing(name, field->name_count)) continue;
        has_accept |= named(name, field->name_count, "accept");
        has_type |= named(name, field->name_count, "content-type");
        transfer->nodes[line_count++].data = transfer->text.bytes + transfer->text.count;
        append(&transfer->text, name, field->name_count);
        // "name:" would take the field out, "name;" sends it empty.
        if (field->value_count == 0) {
            append(&transfer->text, ";", 2);
            continue;
        }
        append(&transfer->text, ": ", 2);
        append(&transfer->text, request->field_bytes + field->value_start, field->value_count);
        append(&transfer->text, "", 1);
    }
    // What curl would add of its own.
    transfer->nodes[line_count++].data = "Expect:";
    if (!has_accept) transfer->nodes[line_count++].data = "Accept:";
    if (!has_type) transfer->nodes[line_count++].data = "Content-Type:";
    for (size_t i = 0; i < line_count; i++) transfer->nodes[i].next = i + 1 < line_count ? &transfer->nodes[i + 1] : NULL;
    return transfer->nodes;
}

static void set_method(hub_curl_transfer *transfer, const hub_curl_request *request) {
    CURL *easy = transfer->easy;
    const char *custom = request->method;
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L); // ends whatever the transfer was before
    if (strcmp(custom, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        custom = NULL;
    } else if (request->streams_body) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->stream_count);
        if (strcmp(custom, "PUT") == 0) custom = NULL;
    } else if (transfer->body.count || strcmp(custom, "POST") == 0) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body.count);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body.count ? transfer->body.bytes : "");
        if (strcmp(custom, "POST") == 0) custom = NULL;
    } else if (strcmp(custom, "GET") == 0) {
        custom = NULL;
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, custom);
}

hub_curl_transfer *hub_curl_start(hub_curl *curl, const hub_curl_request *request, void *context) {
    hub_curl_transfer *transfer = take_transfer(curl);
    if (!transfer) return NULL;
    struct curl_slist *lines = make_lines(transfer, request);
    if (!lines || !append(&transfer->body, request->body, request->streams_body ? 0 : request->body_count)
        || curl_easy_setopt(transfer->easy, CURLOPT_URL, request->url) != CURLE_OK) {
        give_back(transfer);
        return NULL;
    }
    transfer->streams_body = request->streams_body;
    transfer->may_repeat = request->may_repeat;
    transfer->attempts = 0;
    set_method(transfer, request);
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, request->timeout_ms);
    curl_easy_setopt(transfer->easy, CURLOPT_LOW_SPEED_TIME, request->idle_seconds);
    return add(transfer, context);
}

hub_curl_transfer *hub_curl_start_mail(hub_curl *curl, const hub_curl_mail *mail, void *context) {
    hub_curl_transfer *transfer = make_transfer(curl);
    if (!transfer) return NULL;
    transfer->is_mail = 1;
    CURL *easy = transfer->easy;
    int is_made = append(&transfer->body, mail->message, mail->message_count);
    for (size_t i = 0; i < mail->recipient_count && is_made; i++) {
        struct curl_slist *longer = curl_slist_append(transfer->recipients, mail->recipients[i]);
        if (longer) transfer->recipients = longer;
        is_made = longer != NULL;
    }
    static const long levels[] = {CURLUSESSL_NONE, CURLUSESSL_TRY, CURLUSESSL_ALL};
    is_made = is_made && curl_easy_setopt(easy, CURLOPT_URL, mail->url) == CURLE_OK
        && curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mail->from) == CURLE_OK
        && curl_easy_setopt(easy, CURLOPT_USERNAME, mail->username) == CURLE_OK
        && curl_easy_setopt(easy, CURLOPT_PASSWORD, mail->password) == CURLE_OK
        && (!mail->ca_file || curl_easy_setopt(easy, CURLOPT_CAINFO, mail->ca_file) == CURLE_OK);
    if (!is_made) {
        free_transfer(transfer);
        return NULL;
    }
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, transfer->recipients);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail->message_count);
    curl_easy_setopt(easy, CURLOPT_USE_SSL, levels[mail->tls < 0 || mail->tls > 2 ? 2 : mail->tls]);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_dialogue);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, mail->connect_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, mail->timeout_ms);
    return add(transfer, context);
}

void hub_curl_resume_receiving(hub_curl_transfer *transfer) {
    transfer->pauses &= ~CURLPAUSE_RECV;
    curl_easy_pause(transfer->easy, transfer->pauses);
}

void hub_curl_resume_sending(hub_curl_transfer *transfer) {
    transfer->pauses &= ~CURLPAUSE_SEND;
    curl_easy_pause(transfer->easy, transfer->pauses);
}

void hub_curl_cancel(hub_curl_transfer *transfer) {
    curl_multi_remove_handle(transfer->curl->multi, transfer->easy);
    give_back(transfer);
}

// MARK: Running

static int outcome_of(hub_curl_transfer *transfer, CURLcode result, long code) {
    curl_off_t sent_after = 0;
    switch (result) {
    case CURLE_OK: return HUB_CURL_OK;
    case CURLE_URL_MALFORMAT: return HUB_CURL_INVALID;
    case CURLE_UNSUPPORTED_PROTOCOL:
        // Also what curl says of an answer in a version it does not know.
        curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_after);
        return sent_after == 0 ? HUB_CURL_INVALID : HUB_CURL_PROTOCOL;
    case CURLE_COULDNT_RESOLVE_HOST: case CURLE_COULDNT_CONNECT: case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION: case CURLE_SSL_CACERT_BADFILE: case CURLE_SSL_CERTPROBLEM:
    case CURLE_USE_SSL_FAILED: case CURLE_SSL_INVALIDCERTSTATUS: return HUB_CURL_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        // Before the connection stood nothing was sent.
        curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_after);
        return sent_after == 0 && !transfer->is_mail ? HUB_CURL_CONNECT : HUB_CURL_TIMED_OUT;
    case CURLE_WRITE_ERROR: case CURLE_ABORTED_BY_CALLBACK: case CURLE_READ_ERROR: return HUB_CURL_ABORTED;
    // Without a refusal the server knows no way to log in that we know.
    case CURLE_LOGIN_DENIED: return code >= 400 ? HUB_CURL_REFUSED : HUB_CURL_CONNECT;
    default: return transfer->is_mail && code >= 400 ? HUB_CURL_REFUSED : HUB_CURL_PROTOCOL;
    }
}

static void report(hub_curl_transfer *transfer, CURLcode result) {
    hub_curl *curl = transfer->curl;
    long code = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &code);
    int outcome = outcome_of(transfer, result, code);
    curl_multi_remove_handle(curl->multi, transfer->easy);
    const char *message = transfer->error[0] ? transfer->error : curl_easy_strerror(result);
    curl->callbacks.done(transfer->context, outcome, (int)code, message);
    give_back(transfer);
}

int64_t hub_curl_kick(hub_curl *curl) {
    int running, left;
    for (int i = 0; i < ROUNDS_MAX && curl->deadline_ms >= 0; i++) {
        if (curl->deadline_ms > 0 && curl->deadline_ms > now_ms()) break;
        curl->deadline_ms = -1;
        curl_multi_socket_action(curl->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    for (CURLMsg *message; (message = curl_multi_info_read(curl->multi, &left));) {
        if (message->msg != CURLMSG_DONE) continue;
        hub_curl_transfer *transfer = NULL;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        if (transfer) report(transfer, result);
    }
    if (curl->deadline_ms < 0) return -1;
    int64_t left_ms = curl->deadline_ms == 0 ? 0 : curl->deadline_ms - now_ms();
    return left_ms < 0 ? 0 : left_ms;
}

int64_t hub_curl_run(hub_curl *curl) {
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(curl->epoll, events, EVENTS_MAX, 0), running;
    for (int i = 0; i < count; i++) {
        int fd = events[i].data.fd;
        struct watched *watched = watched_at(curl, fd);
        if (!watched) continue;
        if (watched->wanted == 0) {
            forget(curl, fd, watched);
            continue;
        }
        int what = ((events[i].events & EPOLLIN) ? CURL_CSELECT_IN : 0)
            | ((events[i].events & EPOLLOUT) ? CURL_CSELECT_OUT : 0)
            | ((events[i].events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(curl->multi, fd, what, &running);
    }
    return hub_curl_kick(curl);
}

int hub_curl_descriptor(const hub_curl *curl) { return curl->epoll; }

int hub_curl_prepare(void) {
    // Safe from any thread since 7.84. A first handle has the TLS library read its configuration, too.
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return 0;
    CURL *easy = curl_easy_init();
    curl_easy_cleanup(easy);
    return easy != NULL;
}

hub_curl *hub_curl_new(const hub_curl_limits *limits, const hub_curl_callbacks *callbacks) {
    hub_curl *curl = calloc(1, sizeof *curl);
    if (!curl) return NULL;
    curl->callbacks = *callbacks;
    curl->limits = *limits;
    curl->limits.ca_file = NULL;
    curl->ca_file = limits->ca_file ? strdup(limits->ca_file) : NULL;
    curl->deadline_ms = -1;
    curl->epoll = epoll_create1(EPOLL_CLOEXEC);
    curl->multi = curl->epoll < 0 ? NULL : curl_multi_init();
    if (!curl->multi) {
        hub_curl_free(curl);
        return NULL;
    }
    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETDATA, curl);
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERDATA, curl);
    curl_multi_setopt(curl->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    curl_multi_setopt(curl->multi, CURLMOPT_MAX_HOST_CONNECTIONS, limits->connections_per_host_max);
    curl_multi_setopt(curl->multi, CURLMOPT_MAXCONNECTS, limits->connections_kept_max);
    return curl;
}

void hub_curl_free(hub_curl *curl) {
    if (!curl) return;
    while (curl->active) {
        curl_multi_remove_handle(curl->multi, curl->active->easy);
        give_back(curl->active);
    }
    for (hub_curl_transfer *spare = curl->spare; spare;) {
        hub_curl_transfer *next = spare->next;
        free_transfer(spare);
        spare = next;
    }
    stop_reading(curl); // for the farewell to a mail server, as above
    if (curl->multi) curl_multi_cleanup(curl->multi);
    if (curl->epoll >= 0) close(curl->epoll);
    free(curl->watched);
    free(curl->ca_file);
    free(curl);
}
