/* One scale per axis maps points to pixels. Colours are classes of the page's
 * style sheet, so that light and dark pages work. */
#include "bench_plot.h"

#include <math.h>

enum {
    WIDTH = 720,
    HEIGHT = 260,
    LEFT = 64,
    RIGHT = 16,
    TOP = 12,
    BOTTOM = 36,
    TICKS = 5,
};

struct scale {
    double least, most;
    double from, to; /* pixels */
    bool logarithmic;
};

static double place(const struct scale *scale, double value)
{
    double least = scale->least, most = scale->most;

    if (scale->logarithmic) {
        value = log10(value > least ? value : least);
        least = log10(least);
        most = log10(most);
    }
    double part = most > least ? (value - least) / (most - least) : 0;
    return scale->from + part * (scale->to - scale->from);
}

/* Formats an axis label, abbreviating thousands with a letter. */
static void print_value(FILE *out, double value)
{
    const char *letters[] = {"", "k", "M", "G"};
    int i = 0;

    while (fabs(value) >= 10000 && i < 3) {
        value /= 1000;
        i++;
    }
    fprintf(out, "%.4g%s", value, letters[i]);
}

/* 1, 2 or 5 times a power of ten, so that about TICKS steps fit. */
static double step_for(double span)
{
    double power = pow(10, floor(log10(span / TICKS)));
    double times = span / TICKS / power;

    return power * (times > 5 ? 10 : times > 2 ? 5 : times > 1 ? 2 : 1);
}

/* ----------------------------------------------------------- the scales */

static struct scale x_scale(const struct bench_plot *self)
{
    struct scale scale = {0, 0, LEFT, WIDTH - RIGHT, false};

    for (int i = 0; i < self->line_count; i++) {
        const struct bench_line *line = &self->lines[i];
        if (line->count && line->points[line->count - 1].x > scale.most)
            scale.most = line->points[line->count - 1].x;
    }
    if (scale.most <= 0)
        scale.most = 1;
    return scale;
}

static void span_of(const struct bench_plot *self, double *least, double *most)
{
    *least = INFINITY;
    *most = 0;
    for (int i = 0; i < self->line_count; i++)
        for (int k = 0; k < self->lines[i].count; k++) {
            double y = self->lines[i].points[k].y;
            if (y > 0 && y < *least)
                *least = y;
            if (y > *most)
                *most = y;
        }
    if (*most <= 0)
        *most = 1;
    if (*least > *most)
        *least = *most / 10;
}

static struct scale y_scale(const struct bench_plot *self)
{
    struct scale scale = {0, 0, HEIGHT - BOTTOM, TOP, self->logarithmic};
    double least;

    span_of(self, &least, &scale.most);
    if (!self->logarithmic) {
        double step = step_for(scale.most);
        scale.most = ceil(scale.most / step) * step;
        return scale;
    }
    scale.least = pow(10, floor(log10(least)));
    scale.most = pow(10, ceil(log10(scale.most)));
    if (scale.most <= scale.least)
        scale.most = scale.least * 10;
    return scale;
}

/* ------------------------------------------------------------- the axes */

static void draw_y_tick(FILE *out, const struct scale *scale, double value)
{
    double y = place(scale, value);

    fprintf(out,
            "<line class='grid' x1='%d' x2='%d' y1='%.1f' y2='%.1f'/>"
            "<text class='tick' text-anchor='end' x='%d' y='%.1f'>",
            LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 4);
    print_value(out, value);
    fputs("</text>\n", out);
}

static void draw_y_axis(FILE *out, const struct scale *scale)
{
    double step = step_for(scale->most);

    if (scale->logarithmic) {
        for (double v = scale->least; v <= scale->most * 1.01; v *= 10)
            draw_y_tick(out, scale, v);
        return;
    }
    for (double v = 0; v <= scale->most * 1.001; v += step)
        draw_y_tick(out, scale, v);
}

static void begin_x_tick(FILE *out, const struct scale *scale, double value)
{
    fprintf(out, "<text class='tick' text-anchor='middle' x='%.1f' y='%d'>",
            place(scale, value), HEIGHT - BOTTOM + 16);
}

static void draw_x_axis(FILE *out, const struct bench_plot *self,
                        const struct scale *scale)
{
    const struct bench_line *first = &self->lines[0];
    double step = step_for(scale->most);

    for (int i = 0; self->labelled && i < first->count; i++) {
        if (!first->points[i].label)
            continue;
        begin_x_tick(out, scale, first->points[i].x);
        fprintf(out, "%s</text>\n", first->points[i].label);
    }
    for (double v = 0; !self->labelled && v <= scale->most * 1.001; v += step) {
        begin_x_tick(out, scale, v);
        print_value(out, v);
        fputs("</text>\n", out);
    }
    fprintf(out,
            "<text class='tick' text-anchor='end' x='%d' y='%d'>%s</text>\n",
            WIDTH - RIGHT, HEIGHT - 4, self->x_unit);
}

/* ------------------------------------------------------------ the lines */

static void draw_line(FILE *out, const struct bench_line *line, int index,
                      const struct scale *x, const struct scale *y)
{
    fprintf(out, "<polyline class='line c%d' points='", index);
    for (int i = 0; i < line->count; i++)
        fprintf(out, "%.1f,%.1f ", place(x, line->points[i].x),
                place(y, line->points[i].y));
    fputs("'/>\n", out);
    /* Points to hover over; the browser shows their titles. */
    for (int i = 0; i < line->count; i++) {
        fprintf(out, "<circle class='dot c%d' cx='%.1f' cy='%.1f' r='4'>",
                index, place(x, line->points[i].x),
                place(y, line->points[i].y));
        fprintf(out, "<title>%s: %.6g</title></circle>\n", line->name,
                line->points[i].y);
    }
}

void bench_plot_write(FILE *out, const struct bench_plot *self)
{
    struct scale x = x_scale(self), y = y_scale(self);

    fprintf(out, "<figure><figcaption>%s <small>%s</small>", self->title,
            self->y_unit);
    for (int i = 0; i < self->line_count; i++)
        fprintf(out, " <span class='key c%d'>%s</span>", i,
                self->lines[i].name);
    fprintf(out,
            "</figcaption>\n<svg viewBox='0 0 %d %d' role='img' "
            "aria-label='%s'>\n",
            WIDTH, HEIGHT, self->title);
    draw_y_axis(out, &y);
    draw_x_axis(out, self, &x);
    for (int i = 0; i < self->line_count; i++)
        draw_line(out, &self->lines[i], i, &x, &y);
    fputs("</svg></figure>\n", out);
}
