/* examine_text.c - verdict, check, evidence; below it the bound, unless the check passed. */
#include "cli/examine_text.h"

#include "cli/help.h"

enum {
    NAME_COLUMNS = 20,
    INDENT       = 2 + 4 + 2 + NAME_COLUMNS + 2,
    WIDTH        = 100,
    WIDTH_LEAST  = 60
};

static const char *color_of(mc_verdict verdict)
{
    static const char *const colors[] = { [MC_VERDICT_PASS] = "\033[32m",
                                          [MC_VERDICT_WARN] = "\033[33m",
                                          [MC_VERDICT_FAIL] = "\033[1;31m",
                                          [MC_VERDICT_SKIP] = "\033[2m" };

    return colors[verdict];
}

static void put_verdict(mc_buffer *out, mc_verdict verdict, mc_text_style style)
{
    if (style.color)
        mc_buffer_printf(out, "  %s%s\033[0m  ", color_of(verdict), mc_verdict_name(verdict));
    else
        mc_buffer_printf(out, "  %s  ", mc_verdict_name(verdict));
}

static void put_finding(mc_buffer *out, const mc_finding *f, mc_text_style style, size_t width)
{
    mc_buffer text = { 0 };

    mc_text_add_visible(&text, f->evidence, 0);
    put_verdict(out, f->verdict, style);
    mc_buffer_printf(out, "%-*s  ", NAME_COLUMNS, f->check);
    mc_help_wrap(out, text.data ? text.data : "", INDENT, width);
    if (f->verdict == MC_VERDICT_WARN || f->verdict == MC_VERDICT_FAIL) {
        mc_buffer_printf(out, "%*s", INDENT, "");
        mc_help_wrap(out, f->bound, INDENT, width);
    }
    mc_buffer_clear(&text);
}

void mc_examine_text(mc_buffer *out, const char *model, const mc_examination *e,
                     mc_text_style style)
{
    size_t width = style.width ? style.width : WIDTH;

    if (width < WIDTH_LEAST) width = WIDTH_LEAST;
    mc_text_add_visible(out, model, 0);
    if (e->texts > 0)
        mc_buffer_printf(out, ": every weight read, %zu texts of %zu tokens run\n\n", e->texts,
                         e->tokens);
    else
        mc_buffer_add_text(out, ": every weight read, no text run\n\n");
    for (size_t i = 0; i < e->count; i++)
        put_finding(out, &e->findings[i], style, width);
    mc_buffer_printf(out, "\n%zu passed, %zu warned, %zu failed", e->passed, e->warned,
                     e->failed);
    if (e->skipped > 0) mc_buffer_printf(out, ", %zu skipped", e->skipped);
    mc_buffer_add_char(out, '\n');
}
