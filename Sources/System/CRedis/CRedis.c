#define _GNU_SOURCE
#include "CRedis.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

// MARK: The socket

static int is_set(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/// Ready for use: it does not block, is not passed on, sends at once, and notices a peer that has vanished.
static int prepare(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return -1;
    if (!is_set(fd, IPPROTO_TCP, TCP_NODELAY, 1) || !is_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1)) return -1;
#ifdef SO_NOSIGPIPE
    if (!is_set(fd, SOL_SOCKET, SO_NOSIGPIPE, 1)) return -1;
#endif
    return 0;
}

static int finish_connecting(int fd, int timeout_ms) {
    struct pollfd waiting = {.fd = fd, .events = POLLOUT};
    int ready;
    do {
        ready = poll(&waiting, 1, timeout_ms);
    } while (ready < 0 && errno == EINTR);
    int failure = 0;
    socklen_t length = sizeof failure;
    if (ready <= 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &length) < 0) return -1;
    return failure == 0 ? 0 : -1;
}

static int connect_to(const struct addrinfo *address, int timeout_ms) {
    int fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    if (fd < 0) return -1;
    if (prepare(fd) == 0) {
        if (connect(fd, address->ai_addr, address->ai_addrlen) == 0) return fd;
        if (errno == EINPROGRESS && finish_connecting(fd, timeout_ms) == 0) return fd;
    }
    close(fd);
    return -1;
}

int hub_redis_connect(const char *host, const char *port, int timeout_ms) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, port, &hints, &found) != 0) return -1;
    int fd = -1;
    for (const struct addrinfo *address = found; address != NULL && fd < 0; address = address->ai_next)
        fd = connect_to(address, timeout_ms);
    freeaddrinfo(found);
    return fd;
}

static int is_transient(int code) { return code == EAGAIN || code == EWOULDBLOCK || code == EINTR; }

ptrdiff_t hub_redis_receive(int fd, void *bytes, size_t count) {
    ptrdiff_t received = recv(fd, bytes, count, 0);
    if (received >= 0) return received;
    return is_transient(errno) ? -1 : -2;
}

ptrdiff_t hub_redis_send(int fd, const void *bytes, size_t count) {
#ifdef MSG_NOSIGNAL
    ptrdiff_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
#else
    ptrdiff_t sent = send(fd, bytes, count, 0);
#endif
    if (sent >= 0) return sent;
    return is_transient(errno) ? -1 : -2;
}

void hub_redis_close(int fd) { close(fd); }

// MARK: Commands

ptrdiff_t hub_redis_format(char **text, int count, const char *const *parts, const size_t *lengths) {
    return redisFormatCommandArgv(text, count, (const char **)parts, lengths);
}

void hub_redis_free_text(char *text) { redisFreeCommand(text); }

// MARK: Replies

static redisReader *rd(const hub_redis_reader *reader) { return (redisReader *)reader; }
static redisReply *rp(const hub_redis_reply *reply) { return (redisReply *)reply; }

hub_redis_reader *hub_redis_reader_new(void) { return (hub_redis_reader *)redisReaderCreate(); }

void hub_redis_reader_free(hub_redis_reader *reader) { redisReaderFree(rd(reader)); }

int hub_redis_reader_feed(hub_redis_reader *reader, const void *bytes, size_t count) {
    return redisReaderFeed(rd(reader), bytes, count) == REDIS_OK ? 0 : -1;
}

int hub_redis_reader_next(hub_redis_reader *reader, hub_redis_reply **reply) {
    void *found = NULL;
    if (redisReaderGetReply(rd(reader), &found) != REDIS_OK) return -1;
    *reply = found;
    return 0;
}

size_t hub_redis_reader_pending(const hub_redis_reader *reader) { return rd(reader)->len - rd(reader)->pos; }

int hub_redis_reply_kind(const hub_redis_reply *reply) {
    switch (rp(reply)->type) {
        case REDIS_REPLY_STATUS: return HUB_REDIS_STATUS;
        case REDIS_REPLY_ERROR: return HUB_REDIS_ERROR;
        case REDIS_REPLY_INTEGER: return HUB_REDIS_INTEGER;
        case REDIS_REPLY_NIL: return HUB_REDIS_NOTHING;
        case REDIS_REPLY_ARRAY: return HUB_REDIS_LIST;
        default: return HUB_REDIS_BYTES;
    }
}

int64_t hub_redis_reply_integer(const hub_redis_reply *reply) { return rp(reply)->integer; }

const char *hub_redis_reply_bytes(const hub_redis_reply *reply, size_t *count) {
    *count = (size_t)rp(reply)->len;
    return rp(reply)->str;
}

size_t hub_redis_reply_count(const hub_redis_reply *reply) { return rp(reply)->elements; }

const hub_redis_reply *hub_redis_reply_item(const hub_redis_reply *reply, size_t index) {
    return (const hub_redis_reply *)rp(reply)->element[index];
}

void hub_redis_reply_free(hub_redis_reply *reply) { freeReplyObject(rp(reply)); }
