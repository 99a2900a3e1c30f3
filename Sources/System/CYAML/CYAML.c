#include "CYAML.h"

#include <stdlib.h>
#include <yaml.h>

struct hub_yaml {
    yaml_parser_t parser;
    yaml_event_t event;
    int has_event;
    size_t document_count;
    int end;  // What it came to; HUB_YAML_SCALAR while it goes on.
};

hub_yaml *hub_yaml_open(const unsigned char *bytes, size_t count) {
    hub_yaml *reader = calloc(1, sizeof *reader);
    if (!reader) return NULL;
    if (!yaml_parser_initialize(&reader->parser)) {
        free(reader);
        return NULL;
    }
    yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader->parser, bytes, count);
    reader->end = HUB_YAML_SCALAR;
    return reader;
}

static void drop_event(hub_yaml *reader) {
    if (reader->has_event) yaml_event_delete(&reader->event);
    reader->has_event = 0;
}

static int kind(hub_yaml *reader) {
    const yaml_event_t *event = &reader->event;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor || event->data.scalar.tag ? HUB_YAML_UNWANTED : HUB_YAML_SCALAR;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor || event->data.sequence_start.tag ? HUB_YAML_UNWANTED : HUB_YAML_LIST;
    case YAML_SEQUENCE_END_EVENT: return HUB_YAML_LIST_END;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor || event->data.mapping_start.tag ? HUB_YAML_UNWANTED : HUB_YAML_MAP;
    case YAML_MAPPING_END_EVENT: return HUB_YAML_MAP_END;
    case YAML_STREAM_END_EVENT: return HUB_YAML_END;
    default: return HUB_YAML_UNWANTED;
    }
}

// The next event that is part of the document itself.
static int read_event(hub_yaml *reader) {
    for (;;) {
        drop_event(reader);
        if (!yaml_parser_parse(&reader->parser, &reader->event))
            return reader->parser.error == YAML_MEMORY_ERROR ? HUB_YAML_OUT_OF_MEMORY : HUB_YAML_MALFORMED;
        reader->has_event = 1;
        yaml_event_type_t type = reader->event.type;
        if (type == YAML_DOCUMENT_START_EVENT && ++reader->document_count > 1) return HUB_YAML_UNWANTED;
        if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT && type != YAML_DOCUMENT_END_EVENT)
            return kind(reader);
    }
}

hub_yaml_part hub_yaml_next(hub_yaml *reader) {
    hub_yaml_part part = {0};
    part.kind = reader->end == HUB_YAML_SCALAR ? read_event(reader) : reader->end;
    part.line = (reader->has_event ? reader->event.start_mark.line : reader->parser.problem_mark.line) + 1;
    if (part.kind == HUB_YAML_SCALAR) {
        part.text = (const char *)reader->event.data.scalar.value;
        part.count = reader->event.data.scalar.length;
        part.is_plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    }
    if (part.kind == HUB_YAML_END || part.kind >= HUB_YAML_UNWANTED) reader->end = part.kind;
    return part;
}

void hub_yaml_close(hub_yaml *reader) {
    drop_event(reader);
    yaml_parser_delete(&reader->parser);
    free(reader);
}
