// A narrow view of libyaml: what a document is made of, one part after the other.
#ifndef HUB_CYAML_H
#define HUB_CYAML_H

#include <stddef.h>

enum {
    HUB_YAML_END,
    HUB_YAML_SCALAR,
    HUB_YAML_LIST,
    HUB_YAML_LIST_END,
    HUB_YAML_MAP,
    HUB_YAML_MAP_END,
    /// An anchor, an alias, a tag or a second document.
    HUB_YAML_UNWANTED,
    HUB_YAML_MALFORMED,
    HUB_YAML_OUT_OF_MEMORY,
};

typedef struct hub_yaml hub_yaml;

typedef struct {
    int kind;
    /// Where it begins, from 1.
    size_t line;
    /// Of a scalar: UTF-8, good until the next part is asked for.
    const char *text;
    size_t count;
    /// Whether a scalar stands without quotes, on one line: it may be a number then.
    int is_plain;
} hub_yaml_part;

/// NULL when there is no memory. The bytes must stay where they are until the caller frees the reader with hub_yaml_close.
hub_yaml *hub_yaml_open(const unsigned char *bytes, size_t count);
/// After the end and after a failure the same again.
hub_yaml_part hub_yaml_next(hub_yaml *reader);
void hub_yaml_close(hub_yaml *reader);

#endif
