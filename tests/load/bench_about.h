/* bench_about: when, where and with what a run was made.
 *
 * Owner:   the run embeds one; its texts are copies.
 * Thread:  main.
 * Limits:  a command line of BENCH_COMMAND_MAX bytes; longer ones are cut.
 * Failure: what cannot be found out is an empty text.
 */
#ifndef PEAL_BENCH_ABOUT_H
#define PEAL_BENCH_ABOUT_H

enum { BENCH_COMMAND_MAX = 2048 };

struct bench_about {
    char date[32];                   /* UTC, when it began */
    char command[BENCH_COMMAND_MAX]; /* without secrets */
    char host[256];                  /* name, processor, cores */
    char versions[256];              /* peal-bench, OpenSSL, kernel */
};

/* Finds it all out. */
void bench_about_init(struct bench_about *self, int argc, char **argv);

/* The program's own version. */
const char *bench_about_version(void);

#endif
