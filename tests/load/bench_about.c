/* Makes figures traceable: each report contains the command, the machine and
 * the time. */
#include "bench_about.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#ifndef PEAL_VERSION
#define PEAL_VERSION "unknown"
#endif

const char *bench_about_version(void)
{
    return PEAL_VERSION;
}

/* How many bytes of an argument may be shown; the rest is secret. */
static size_t shown_of(const char *previous, const char *arg)
{
    static const char secret[] = "--jwt-secret=";

    if (strcmp(previous, "--jwt-secret") == 0)
        return 0;
    if (strncmp(arg, secret, sizeof secret - 1) == 0)
        return sizeof secret - 1;
    const char *header = strncmp(arg, "--header=", 9) == 0 ? arg + 9 : arg;
    if (strncasecmp(header, "Authorization:", 14) == 0)
        return (size_t)(header - arg) + 14;
    if (strncasecmp(header, "Cookie:", 7) == 0)
        return (size_t)(header - arg) + 7;
    return strlen(arg);
}

static void describe_command(char *out, size_t room, int argc, char **argv)
{
    size_t at = 0;

    for (int i = 0; i < argc && at < room; i++) {
        size_t shown = shown_of(i ? argv[i - 1] : "", argv[i]);
        const char *quote =
            !*argv[i] || strpbrk(argv[i], " \"{}$*?&|;<>()") ? "'" : "";
        at += (size_t)snprintf(out + at, room - at, "%s%s%.*s%s%s",
                               i ? " " : "", quote, (int)shown, argv[i],
                               shown < strlen(argv[i]) ? "***" : "", quote);
    }
}

static void describe_processor(char *out, size_t room)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");

    *out = '\0';
    while (file && fgets(line, sizeof line, file)) {
        char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !value)
            continue;
        snprintf(out, room, "%.*s", (int)strcspn(value + 2, "\n"), value + 2);
        break;
    }
    if (file)
        fclose(file);
}

void bench_about_init(struct bench_about *self, int argc, char **argv)
{
    char processor[160];
    struct utsname system = {0};
    time_t now = time(NULL);
    struct tm utc;

    uname(&system);
    strftime(self->date, sizeof self->date, "%Y-%m-%dT%H:%M:%SZ",
             gmtime_r(&now, &utc));
    describe_command(self->command, sizeof self->command, argc, argv);
    describe_processor(processor, sizeof processor);
    snprintf(self->host, sizeof self->host, "%.64s, %s, %ld cores",
             system.nodename, processor, sysconf(_SC_NPROCESSORS_ONLN));
    snprintf(self->versions, sizeof self->versions,
             "peal-bench %s, %s, %s %.64s", PEAL_VERSION,
             OpenSSL_version(OPENSSL_VERSION), system.sysname, system.release);
}
