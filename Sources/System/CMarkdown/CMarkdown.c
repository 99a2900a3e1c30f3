// memmem and clock_gettime are extensions under strict C.
#define _GNU_SOURCE
#include "CMarkdown.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Memory. Hostile documents make the library build trees and texts far larger than themselves, and take it far longer than their
// length says. So all its memory comes from one arena that ends with the document, and an allocation that would be one too many, or
// comes too late, jumps out of the library: nothing of its own is left behind.

enum { BLOCK_BYTES = 256 * 1024, ALLOCATIONS_A_LOOK = 256, FED_BYTES = 256 };

typedef struct block {
    struct block *next;
    size_t used, size;
    max_align_t bytes[];
} block;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// The arena of the one document that is being read; whoever holds the lock owns it.
static struct {
    block *blocks;
    size_t bytes_left;
    unsigned allocations;
    uint64_t ends_ns;
    jmp_buf way_out;
} arena;

static uint64_t thread_time_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void look_at_the_clock(void) {
    if (thread_time_ns() > arena.ends_ns) longjmp(arena.way_out, HUB_MARKDOWN_TOO_COMPLEX);
}

static block *new_block(size_t size) {
    if (size > arena.bytes_left) longjmp(arena.way_out, HUB_MARKDOWN_TOO_COMPLEX);
    block *made = calloc(1, sizeof(block) + size);
    if (!made) longjmp(arena.way_out, HUB_MARKDOWN_OUT_OF_MEMORY);
    arena.bytes_left -= size;
    made->size = size;
    made->next = arena.blocks;
    arena.blocks = made;
    return made;
}

// The size stands in front of what was allocated. Memory is never given back, so what is given out is zero already.
static void *allocate(size_t size) {
    if (++arena.allocations % ALLOCATIONS_A_LOOK == 0) look_at_the_clock();
    if (size > arena.bytes_left + BLOCK_BYTES) longjmp(arena.way_out, HUB_MARKDOWN_TOO_COMPLEX);
    size_t needed = sizeof(max_align_t) * (1 + (size + sizeof(max_align_t) - 1) / sizeof(max_align_t));
    block *current = arena.blocks;
    if (!current || current->size - current->used < needed)
        current = new_block(needed > BLOCK_BYTES ? needed : BLOCK_BYTES);
    char *start = (char *)current->bytes + current->used;
    current->used += needed;
    memcpy(start, &size, sizeof size);
    return start + sizeof(max_align_t);
}

static void *arena_calloc(size_t count, size_t size) {
    if (size && count > SIZE_MAX / size) longjmp(arena.way_out, HUB_MARKDOWN_TOO_COMPLEX);
    return allocate(count * size);
}

static void *arena_realloc(void *old, size_t size) {
    size_t old_size = 0;
    if (old) memcpy(&old_size, (char *)old - sizeof(max_align_t), sizeof old_size);
    if (size <= old_size) return old;
    void *made = allocate(size);
    if (old) memcpy(made, old, old_size);
    return made;
}

static void arena_free(void *pointer) { (void)pointer; }

static cmark_mem arena_memory = {arena_calloc, arena_realloc, arena_free};

static void end_arena(void) {
    while (arena.blocks) {
        block *next = arena.blocks->next;
        free(arena.blocks);
        arena.blocks = next;
    }
}

// Documents

static cmark_parser *new_parser(void) {
    static const char *const names[] = {"table", "strikethrough", "autolink", "tasklist"};
    cmark_gfm_core_extensions_ensure_registered();
    cmark_parser *parser = cmark_parser_new_with_mem(CMARK_OPT_VALIDATE_UTF8, &arena_memory);
    for (size_t index = 0; index < sizeof names / sizeof *names; index++)
        cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(names[index]));
    return parser;
}

static int ends_marker(const char *at, const char *end) {
    return at == end || *at == ' ' || *at == '\t' || *at == '\n' || *at == '\r';
}

// Behind the mark of a quotation or of a list's entry; `at` when there is none.
static const char *behind_marker(const char *at, const char *end) {
    if (*at == '>') return at + 1;
    if (*at == '-' || *at == '+' || *at == '*') return ends_marker(at + 1, end) ? at + 1 : at;
    const char *digit = at;
    while (digit < end && *digit >= '0' && *digit <= '9') digit++;
    if (digit == at || digit == end || (*digit != '.' && *digit != ')')) return at;
    return ends_marker(digit + 1, end) ? digit + 1 : at;
}

// One line of n marks opens n parts, and the library takes the square of how many are open. More than a line opens, others can only
// add by their length.
static int opens_too_many(const char *text, size_t count, size_t depth_max) {
    const char *end = text + count;
    for (const char *at = text; at < end;) {
        size_t marks = 0;
        const char *next;
        for (; at < end; at = next) {
            if (*at == ' ' || *at == '\t') {
                next = at + 1;
                continue;
            }
            if ((next = behind_marker(at, end)) == at) break;
            if (++marks > depth_max) return 1;
        }
        while (at < end && *at != '\n' && *at != '\r') at++;
        if (at < end) at++;
    }
    return 0;
}

static cmark_node *parse(cmark_parser *parser, const char *text, size_t count) {
    // A little at a time: a line of few bytes can take a step for each part that is open.
    for (size_t fed = 0; fed < count; fed += FED_BYTES) {
        look_at_the_clock();
        cmark_parser_feed(parser, text + fed, count - fed < FED_BYTES ? count - fed : FED_BYTES);
    }
    return cmark_parser_finish(parser);
}

static int is_deeper(cmark_node *document, size_t depth_max) {
    cmark_iter *nodes = cmark_iter_new(document);
    size_t depth = 0;
    cmark_event_type event;
    while ((event = cmark_iter_next(nodes)) != CMARK_EVENT_DONE) {
        if (!cmark_node_first_child(cmark_iter_get_node(nodes))) continue;
        if (event == CMARK_EVENT_EXIT) depth--;
        else if (++depth > depth_max) return 1;
    }
    return 0;
}

static void replace_by_children(cmark_node *node) {
    cmark_node *child;
    while ((child = cmark_node_first_child(node))) cmark_node_insert_before(node, child);
    cmark_node_unlink(node);
}

// A container may be changed at its exit alone, a leaf whenever it is met.
static void clean(cmark_node *document, hub_markdown_allows allows) {
    cmark_iter *nodes = cmark_iter_new(document);
    cmark_event_type event;
    while ((event = cmark_iter_next(nodes)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(nodes);
        cmark_node_type type = cmark_node_get_type(node);
        if (type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_HTML_INLINE) {
            cmark_node_unlink(node);
        } else if (event == CMARK_EVENT_EXIT && (type == CMARK_NODE_LINK || type == CMARK_NODE_IMAGE)) {
            if (!allows(cmark_node_get_url(node), type == CMARK_NODE_IMAGE)) replace_by_children(node);
        }
    }
}

// The library escapes `<` in every text, so what looks like the start of a link is one.
static const char link_start[] = "<a ";
enum { LINK_START_BYTES = sizeof link_start - 1 };

static char *with_link_attributes(const char *html, size_t count, const char *attributes, size_t *made_count) {
    size_t attributes_count = strlen(attributes), links = 0;
    const char *end = html + count, *found;
    for (const char *from = html; (found = memmem(from, (size_t)(end - from), link_start, LINK_START_BYTES));
         from = found + LINK_START_BYTES)
        links++;
    char *made = malloc(count + links * attributes_count + 1), *to = made;
    if (!made) return NULL;
    const char *from = html;
    while ((found = memmem(from, (size_t)(end - from), link_start, LINK_START_BYTES))) {
        size_t copied = (size_t)(found - from) + LINK_START_BYTES - 1;
        memcpy(to, from, copied);
        memcpy(to + copied, attributes, attributes_count);
        to += copied + attributes_count;
        from += copied;
        *to++ = *from++;
    }
    memcpy(to, from, (size_t)(end - from));
    *made_count = (size_t)(to - made) + (size_t)(end - from);
    return made;
}

static int read_document(
    const char *text, size_t count, hub_markdown_limits limits, hub_markdown_allows allows, const char *link_attributes,
    char **html, size_t *html_count) {
    int outcome = setjmp(arena.way_out);
    if (outcome != 0) return outcome;
    if (opens_too_many(text, count, limits.depth_max)) return HUB_MARKDOWN_TOO_DEEP;
    cmark_parser *parser = new_parser();
    cmark_node *document = parse(parser, text, count);
    if (is_deeper(document, limits.depth_max)) return HUB_MARKDOWN_TOO_DEEP;
    clean(document, allows);
    char *made = cmark_render_html_with_mem(
        document, CMARK_OPT_DEFAULT, cmark_parser_get_syntax_extensions(parser), &arena_memory);
    *html = with_link_attributes(made, strlen(made), link_attributes, html_count);
    return *html ? HUB_MARKDOWN_DONE : HUB_MARKDOWN_OUT_OF_MEMORY;
}

int hub_markdown_html(
    const char *text, size_t count, hub_markdown_limits limits, hub_markdown_allows allows, const char *link_attributes,
    char **html, size_t *html_count) {
    pthread_mutex_lock(&lock);
    arena.bytes_left = limits.memory_bytes_max;
    arena.allocations = 0;
    arena.ends_ns = thread_time_ns() + limits.time_ns_max;
    int outcome = read_document(text, count, limits, allows, link_attributes, html, html_count);
    end_arena();
    pthread_mutex_unlock(&lock);
    return outcome;
}

void hub_markdown_free(char *html) { free(html); }
