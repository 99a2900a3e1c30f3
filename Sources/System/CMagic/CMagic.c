#include "CMagic.h"

#include <magic.h>

// The handle is libmagic's own; hub_magic is the name of its type outside this file.
static magic_t cookie(hub_magic *magic) { return (magic_t)magic; }

hub_magic *hub_magic_open(void) {
    // Rules for binary formats alone: text such as HTML or scripts has no fixed place in a file, so rules for text find it anywhere.
    // Nothing is unpacked.
    return (hub_magic *)magic_open(
        MAGIC_MIME_TYPE | MAGIC_ERROR | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_APPTYPE |
        MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_TEXT | MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_CSV | MAGIC_NO_CHECK_TOKENS |
        MAGIC_NO_CHECK_ENCODING | MAGIC_NO_CHECK_JSON);
}

int hub_magic_load(hub_magic *magic, const char *path) { return magic_load(cookie(magic), path); }

const char *hub_magic_type(hub_magic *magic, const void *bytes, size_t count) {
    return magic_buffer(cookie(magic), count > 0 ? bytes : "", count);
}

const char *hub_magic_message(hub_magic *magic) { return magic_error(cookie(magic)); }

void hub_magic_close(hub_magic *magic) { magic_close(cookie(magic)); }
