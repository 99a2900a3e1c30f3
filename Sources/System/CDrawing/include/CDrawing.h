// A narrow view of cairo, pango and libqrencode: one page of PDF with texts that fit their boxes, lines and a QR code.
// The libraries' headers stay in the .c file. Pages are independent: each may be drawn on a thread of its own.
#ifndef HUB_CDRAWING_H
#define HUB_CDRAWING_H

#include <stddef.h>
#include <stdint.h>

/// A page under way. One thread at a time may use it.
typedef struct hub_page hub_page;

/// In points, 1/72 inch, from the upper left corner.
typedef struct {
    double x, y, width, height;
} hub_box;

typedef struct {
    double red, green, blue;
} hub_colour;

typedef struct {
    const char *family;
    int is_bold;
    /// In points. The largest size from the first to the second one that fits its box is taken; what does not fit even then is cut.
    double size_max, size_min;
    hub_colour colour;
} hub_text_style;

/// NULL when there is no memory. `created` is a time as ISO 8601 writes it. The caller frees it with hub_page_free.
hub_page *hub_page_new(double width, double height, const char *title, const char *created);
void hub_page_free(hub_page *page);

/// Text in the middle of a box, in lines when it needs them. 1 when there is a font for all of it, else 0.
int hub_page_text(hub_page *page, const char *text, hub_text_style style, hub_box box);
/// The outline of a box.
void hub_page_frame(hub_page *page, hub_box box, double line_width, hub_colour colour);
/// The QR code of a text, with its quiet zone, in a square box. 0 when it is too long for one.
int hub_page_qr(hub_page *page, const char *text, hub_box box);

/// The PDF, which belongs to the page; nothing can be drawn any more. NULL when something has failed.
const uint8_t *hub_page_finish(hub_page *page, size_t *count);

#endif
