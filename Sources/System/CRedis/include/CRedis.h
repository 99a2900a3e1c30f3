// A narrow view of hiredis: its formatter and its reader, without its connections; and the socket they serve.
#ifndef HUB_CREDIS_H
#define HUB_CREDIS_H

#include <stddef.h>
#include <stdint.h>

typedef struct hub_redis_reader hub_redis_reader;
typedef struct hub_redis_reply hub_redis_reply;

/// Connects to a host, waiting no longer than `timeout_ms` for each of its addresses; blocks. The socket it returns does not block;
/// the caller closes it. -1 when nobody answers there.
int hub_redis_connect(const char *host, const char *port, int timeout_ms);
/// How many bytes came, 0 at the end, -1 when there are none for now, -2 when the peer is gone.
ptrdiff_t hub_redis_receive(int fd, void *bytes, size_t count);
/// How many bytes were taken, -1 when there is no room for now, -2 when the peer is gone.
ptrdiff_t hub_redis_send(int fd, const void *bytes, size_t count);
void hub_redis_close(int fd);

/// A command as it goes over the wire; -1 when there is no memory. The caller frees `*text` with hub_redis_free_text.
ptrdiff_t hub_redis_format(char **text, int count, const char *const *parts, const size_t *lengths);
void hub_redis_free_text(char *text);

/// NULL when there is no memory. The caller frees it.
hub_redis_reader *hub_redis_reader_new(void);
void hub_redis_reader_free(hub_redis_reader *reader);
/// Takes in what was received; copies it. -1 when there is no memory.
int hub_redis_reader_feed(hub_redis_reader *reader, const void *bytes, size_t count);
/// The next whole reply, NULL while there is none; the caller frees it. -1 when what came is no reply: the reader is of no use then.
int hub_redis_reader_next(hub_redis_reader *reader, hub_redis_reply **reply);
/// Bytes that were taken in and make no whole reply yet.
size_t hub_redis_reader_pending(const hub_redis_reader *reader);

enum { HUB_REDIS_BYTES, HUB_REDIS_STATUS, HUB_REDIS_ERROR, HUB_REDIS_INTEGER, HUB_REDIS_NOTHING, HUB_REDIS_LIST };

int hub_redis_reply_kind(const hub_redis_reply *reply);
int64_t hub_redis_reply_integer(const hub_redis_reply *reply);
/// Of bytes, a status or an error.
const char *hub_redis_reply_bytes(const hub_redis_reply *reply, size_t *count);
/// Of a list; the items belong to it.
size_t hub_redis_reply_count(const hub_redis_reply *reply);
const hub_redis_reply *hub_redis_reply_item(const hub_redis_reply *reply, size_t index);
void hub_redis_reply_free(hub_redis_reply *reply);

#endif
