/* bench_options: the command-line options; one table defines all of them.
 *
 * Owner:   strings point into argv or into the tables; nothing to free.
 * Thread:  written before the threads start, read-only from then on.
 * Limits:  each number has its minimum and maximum in the table.
 * Failure: bench_options_parse prints the reason and returns false.
 */
#ifndef PEAL_BENCH_OPTIONS_H
#define PEAL_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { BENCH_LIST_MAX = 16 };

/* A list, for repeatable options. */
struct bench_list {
    const char *items[BENCH_LIST_MAX];
    int count;
};

struct bench_options {
    /* the target */
    const char *scenario;
    const char *preset;
    struct bench_list urls;
    const char *path;
    const char *subprotocol;
    struct bench_list headers;
    const char *client;
    const char *jwt_secret;
    const char *jwt_secret_file;
    const char *jwt_secret_env;
    const char *client_cert;
    const char *client_key;
    const char *join;
    const char *joined;
    const char *sign;
    const char *sign_secret;
    const char *wrap;
    const char *expect;
    const char *refusal;
    const char *result;
    const char *reply_when;
    const char *reply_with;
    bool allow_remote;
    const char *method;
    const char *body;

    /* how much, how fast */
    int64_t connections;
    int64_t base;
    int64_t rooms;
    int64_t publishers;
    int64_t window;
    double rate;
    int64_t depth;
    int64_t payload;
    bool no_self;

    /* how long */
    double duration;
    double warmup;
    double drain;

    /* opening and closing */
    double open_rate;
    int64_t opening;
    double handshake_timeout;
    double hold;
    double think;
    double stay;
    int64_t sources;

    /* the shootout */
    int64_t step;
    int64_t samples;
    double limit;

    /* the generator itself and its reports */
    int64_t threads;
    struct bench_list server_pids;
    const char *json;
    const char *html;
    const char *name;
    bool quiet;
};

/* Fills `self` from the defaults, the preset, then the command line. */
bool bench_options_parse(struct bench_options *self, int argc, char **argv);

struct scenario;

/* Prints each option with description and default: those of one scenario, or
 * all if `of` is NULL. */
void bench_options_help(FILE *out, const struct scenario *of);

/* Sets one option by name, as if given on the command line. */
bool bench_options_set(struct bench_options *self, const char *name,
                       const char *value);

#endif
