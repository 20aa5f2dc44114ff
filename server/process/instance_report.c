#include "process/instance_report.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

void instance_report_name(uint32_t port, char *out, size_t size)
{
    char host[256] = "";
    if (gethostname(host, sizeof host - 1))
        snprintf(host, sizeof host, "unknown");
    snprintf(out, size, "%s:%u", host, port);
}

static void append(struct buffer *out, const char *member, uint64_t value)
{
    buffer_append_format(out, ",\"%s\":", member);
    buffer_append_uint(out, value);
}

void instance_report_write(const struct net *net, const struct metrics *bus,
                           const char *name, int64_t start_ms,
                           struct buffer *out)
{
    buffer_append_text(out, "{\"instance\":");
    buffer_append_json_string(out, bytes_of(name));
    buffer_append_text(out, ",\"version\":\"" PEAL_VERSION "\"");
    append(out, "started", (uint64_t)start_ms / 1000);
    append(out, "time", (uint64_t)clock_wall_ms());
    append(out, "workers", net->options.workers);
    append(out, "connections", net_metric(net, METRIC_CONNECTIONS));
    append(out, "channels", metrics_sum(&bus, 1, METRIC_CHANNELS));
    append(out, "received", net_metric(net, METRIC_MESSAGES_IN));
    append(out, "sent", net_metric(net, METRIC_MESSAGES_OUT));
    buffer_append_char(out, '}');
}
