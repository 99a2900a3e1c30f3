// A narrow view of cmark-gfm: GitHub-flavoured Markdown in, HTML without anything raw out, within bounds of memory and time.
// The library's headers stay in the .c file. May be called from any thread; documents are read one after the other, since the
// library keeps which characters are special in a table of the process.
#ifndef HUB_CMARKDOWN_H
#define HUB_CMARKDOWN_H

#include <stddef.h>
#include <stdint.h>

enum {
    HUB_MARKDOWN_DONE = 0,
    /// It took more memory or time than it may.
    HUB_MARKDOWN_TOO_COMPLEX = -1,
    /// A part lies within more parts than may be.
    HUB_MARKDOWN_TOO_DEEP = -2,
    HUB_MARKDOWN_OUT_OF_MEMORY = -3,
};

typedef struct {
    size_t memory_bytes_max;
    /// Of the calling thread's processor.
    uint64_t time_ns_max;
    size_t depth_max;
} hub_markdown_limits;

/// Whether a link, or an image, may have this address. Others lose it and leave their text.
typedef int (*hub_markdown_allows)(const char *address, int is_image);

/// Gives the HTML, which the caller frees with hub_markdown_free, when it returns HUB_MARKDOWN_DONE.
/// `link_attributes` stand in each link's tag: ` rel="nofollow"`.
int hub_markdown_html(
    const char *text, size_t count, hub_markdown_limits limits, hub_markdown_allows allows, const char *link_attributes,
    char **html, size_t *html_count);
void hub_markdown_free(char *html);

#endif
