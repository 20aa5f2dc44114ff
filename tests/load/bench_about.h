/* bench_about: the time, machine and software of a run.
 *
 * Owner:   the run embeds one; its texts are copies.
 * Thread:  main.
 * Limits:  a command line of BENCH_COMMAND_MAX bytes; longer ones are cut.
 * Failure: unknown information is an empty text.
 */
#ifndef PEAL_BENCH_ABOUT_H
#define PEAL_BENCH_ABOUT_H

enum { BENCH_COMMAND_MAX = 2048 };

struct bench_about {
    char date[32];                   /* UTC, start of the run */
    char command[BENCH_COMMAND_MAX]; /* without secrets */
    char host[256];                  /* name, processor, cores */
    char versions[256];              /* peal-bench, OpenSSL, kernel */
};

/* Fills in everything. */
void bench_about_init(struct bench_about *self, int argc, char **argv);

/* The version of peal-bench. */
const char *bench_about_version(void);

#endif
