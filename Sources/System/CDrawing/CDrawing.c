#include "CDrawing.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

struct hub_page {
    cairo_surface_t *surface;
    cairo_t *drawing;
    uint8_t *bytes;
    size_t count, capacity;
};

static cairo_status_t append(void *context, const unsigned char *bytes, unsigned count) {
    hub_page *page = context;
    if (page->capacity - page->count < count) {
        size_t capacity = (page->capacity + count) * 2;
        uint8_t *grown = realloc(page->bytes, capacity);
        if (!grown) return CAIRO_STATUS_NO_MEMORY;
        page->bytes = grown;
        page->capacity = capacity;
    }
    memcpy(page->bytes + page->count, bytes, count);
    page->count += count;
    return CAIRO_STATUS_SUCCESS;
}

hub_page *hub_page_new(double width, double height, const char *title, const char *created) {
    hub_page *page = calloc(1, sizeof *page);
    if (!page) return NULL;
    page->surface = cairo_pdf_surface_create_for_stream(append, page, width, height);
    cairo_pdf_surface_set_metadata(page->surface, CAIRO_PDF_METADATA_TITLE, title);
    // Otherwise the time of drawing stands there, and the same page would never be the same bytes.
    cairo_pdf_surface_set_metadata(page->surface, CAIRO_PDF_METADATA_CREATE_DATE, created);
    page->drawing = cairo_create(page->surface);
    return page;
}

void hub_page_free(hub_page *page) {
    if (!page) return;
    cairo_destroy(page->drawing);
    cairo_surface_destroy(page->surface);
    free(page->bytes);
    free(page);
}

static void set_colour(hub_page *page, hub_colour colour) {
    cairo_set_source_rgb(page->drawing, colour.red, colour.green, colour.blue);
}

static void set_size(PangoLayout *layout, PangoFontDescription *font, double points) {
    pango_font_description_set_absolute_size(font, points * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
}

static int fits(PangoLayout *layout, hub_box box) {
    PangoRectangle extent;
    pango_layout_get_extents(layout, NULL, &extent);
    return extent.width <= box.width * PANGO_SCALE && extent.height <= box.height * PANGO_SCALE;
}

int hub_page_text(hub_page *page, const char *text, hub_text_style style, hub_box box) {
    PangoLayout *layout = pango_cairo_create_layout(page->drawing);
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family(font, style.family);
    pango_font_description_set_weight(font, style.is_bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    // Which fonts stand in for others must not depend on the language of whoever started the process.
    pango_context_set_language(pango_layout_get_context(layout), pango_language_from_string("en"));
    pango_layout_set_text(layout, text, -1);
    pango_layout_set_single_paragraph_mode(layout, TRUE);
    pango_layout_set_alignment(layout, PANGO_ALIGN_CENTER);
    pango_layout_set_width(layout, (int)(box.width * PANGO_SCALE));
    // No word is broken for a larger size.
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD);
    double size = style.size_max;
    set_size(layout, font, size);
    while (!fits(layout, box) && size > style.size_min) set_size(layout, font, size -= 0.5);
    if (!fits(layout, box)) {
        pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
        pango_layout_set_height(layout, (int)(box.height * PANGO_SCALE));
        pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    }
    PangoRectangle extent;
    pango_layout_get_extents(layout, NULL, &extent);
    set_colour(page, style.colour);
    cairo_move_to(page->drawing, box.x, box.y + (box.height - (double)extent.height / PANGO_SCALE) / 2);
    pango_cairo_show_layout(page->drawing, layout);
    int is_known = pango_layout_get_unknown_glyphs_count(layout) == 0;
    pango_font_description_free(font);
    g_object_unref(layout);
    return is_known;
}

void hub_page_frame(hub_page *page, hub_box box, double line_width, hub_colour colour) {
    set_colour(page, colour);
    cairo_set_line_width(page->drawing, line_width);
    cairo_rectangle(page->drawing, box.x, box.y, box.width, box.height);
    cairo_stroke(page->drawing);
}

// What readers need around a code: ISO/IEC 18004, 9.1.
enum { QUIET_MODULES = 4 };

int hub_page_qr(hub_page *page, const char *text, hub_box box) {
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (!code) return 0;
    double module = box.width / (code->width + 2 * QUIET_MODULES);
    set_colour(page, (hub_colour){0, 0, 0});
    for (int row = 0; row < code->width; row++) {
        const unsigned char *modules = code->data + row * code->width;
        for (int start = 0; start < code->width; start++) {
            int end = start;
            // Dark ones side by side are one rectangle: no hairline shows between them.
            while (end < code->width && modules[end] & 1) end++;
            if (end == start) continue;
            cairo_rectangle(
                page->drawing, box.x + (start + QUIET_MODULES) * module, box.y + (row + QUIET_MODULES) * module,
                (end - start) * module, module);
            start = end;
        }
    }
    cairo_fill(page->drawing);
    QRcode_free(code);
    return 1;
}

const uint8_t *hub_page_finish(hub_page *page, size_t *count) {
    cairo_show_page(page->drawing);
    cairo_surface_finish(page->surface);
    if (cairo_status(page->drawing) != CAIRO_STATUS_SUCCESS) return NULL;
    if (cairo_surface_status(page->surface) != CAIRO_STATUS_SUCCESS) return NULL;
    *count = page->count;
    return page->bytes;
}
