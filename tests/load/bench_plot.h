/* bench_plot: a line plot as inline SVG.
 *
 * Owner:   borrows titles and points until bench_plot_write returns.
 * Thread:  main.
 * Limits:  BENCH_PLOT_LINES lines.
 * Failure: none; without points it draws empty axes.
 */
#ifndef PEAL_BENCH_PLOT_H
#define PEAL_BENCH_PLOT_H

#include <stdbool.h>
#include <stdio.h>

enum { BENCH_PLOT_LINES = 4 };

struct bench_point {
    double x, y;
    const char *label; /* axis label instead of the number, or NULL */
};

struct bench_line {
    const char *name;
    const struct bench_point *points;
    int count;
};

struct bench_plot {
    const char *title;
    const char *x_unit, *y_unit;
    bool logarithmic; /* the y axis */
    bool labelled;    /* the x axis uses the labels of the first line */
    struct bench_line lines[BENCH_PLOT_LINES];
    int line_count;
};

/* Writes one <figure>. */
void bench_plot_write(FILE *out, const struct bench_plot *self);

#endif
