// A narrow view of libmagic: the media type of bytes.
#ifndef HUB_CMAGIC_H
#define HUB_CMAGIC_H

#include <stddef.h>

/// One thread at a time may use it.
typedef struct hub_magic hub_magic;

/// The caller frees it with hub_magic_close. NULL when there is no memory.
hub_magic *hub_magic_open(void);
/// Reads the rules; needed once, before hub_magic_type.
/// `path`: a compiled database; NULL for the system's, or the one that the environment variable MAGIC names.
/// 0, or -1 on failure: see hub_magic_message.
int hub_magic_load(hub_magic *magic, const char *path);
/// A media type such as image/png. The text belongs to the handle and is valid until its next call. NULL on failure.
const char *hub_magic_type(hub_magic *magic, const void *bytes, size_t count);
/// The reason of the last failure, valid until the next call with the handle; NULL without one.
const char *hub_magic_message(hub_magic *magic);
void hub_magic_close(hub_magic *magic);

#endif
