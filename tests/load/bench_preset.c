/* A preset is a set of options; each can be overridden on the command line. */
#include "bench_preset.h"

#include <stdio.h>
#include <string.h>

#include "bench_options.h"

static const struct row {
    const char *preset, *option, *value;
} rows[] = {
    {"raw", "wrap", "%s"},

    {"peal", "path", "/ws/load-%d?channel=bench-%r"},
    {"peal", "subprotocol", "broadcast"},
    {"peal", "wrap",
     "{\"type\":\"broadcast\",\"channel\":\"bench-%r\",\"payload\":\"%s\"}"},
    {"peal", "expect", "{\"type\":\"broadcast\","},
    {"peal", "refusal", "{\"type\":\"error\""},
    {"peal", "result", "{\"type\":\"broadcastResult\""},

    {"peal-echo", "path", "/ws/load-%d"},
    {"peal-echo", "subprotocol", "echo"},

    {"pusher", "path", "/app/app-key?protocol=7&client=bench"},
    {"pusher", "sign", "private-bench-%r"},
    {"pusher", "sign-secret", "app-secret"},
    {"pusher", "join",
     "{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":"
     "\"private-bench-%r\",\"auth\":\"app-key:%a\"}}"},
    {"pusher", "joined", "{\"event\":\"pusher_internal:subscription_succ"},
    {"pusher", "wrap",
     "{\"event\":\"client-m\",\"channel\":\"private-bench-%r\","
     "\"data\":\"%s\"}"},
    {"pusher", "expect", "{\"event\":\"client-m\","},
    {"pusher", "refusal", "{\"event\":\"pusher:error\""},
    {"pusher", "no-self", NULL},

    {"shootout", "path", "/ws"},
    {"shootout", "wrap", "{\"type\":\"broadcast\",\"payload\":\"%s\"}"},
    {"shootout", "expect", "{\"type\":\"broadcast\","},
    {"shootout", "result", "{\"type\":\"broadcastResult\""},
};

bool bench_preset_apply(const char *name, struct bench_options *options)
{
    bool known = false;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].preset, name) != 0)
            continue;
        known = true;
        if (!bench_options_set(options, rows[i].option, rows[i].value))
            return false;
    }
    if (!known)
        fprintf(stderr, "peal-bench: no preset is called %s\n", name);
    options->preset = name;
    return known;
}
