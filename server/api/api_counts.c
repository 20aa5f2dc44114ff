#include "api/api_counts.h"

#include "api/contributed.h"

void api_counts_finish(struct api_counts *counts, size_t route,
                       struct api_response *response)
{
    size_t status = answer_find_status(response->status);
    if (status < ANSWER_STATUSES)
        atomic_fetch_add_explicit(&counts->of[route][status], 1,
                                  memory_order_relaxed);
    answer_add_header(response, "Cache-Control", BYTES_LITERAL("no-store"));
    if (response->status == 401)
        answer_add_header(response, "WWW-Authenticate",
                          BYTES_LITERAL("Bearer"));
    if (response->status == 429 || response->status == 503)
        answer_add_header(response, "Retry-After", BYTES_LITERAL("1"));
}

static void write_route(const struct api_counts *counts, size_t index,
                        const char *path, struct buffer *out)
{
    for (size_t i = 0; i < ANSWER_STATUSES; i++) {
        uint64_t count =
            atomic_load_explicit(&counts->of[index][i], memory_order_relaxed);
        if (count)
            buffer_append_format(
                out,
                "peal_api_requests_total{route=\"%s\",status=\"%d\"} %llu\n",
                path, answer_statuses[i].status, (unsigned long long)count);
    }
}

void api_counts_write(const struct api_counts *counts,
                      const struct protocol *const *protocols,
                      struct buffer *out)
{
    const char *path;
    buffer_append_text(
        out, "# HELP peal_api_requests_total Backend requests answered.\n"
             "# TYPE peal_api_requests_total counter\n");
    for (size_t i = 0; i < routes_count(); i++)
        write_route(counts, i, routes_path(i), out);
    for (size_t i = 0; (path = contributed_path(protocols, i)); i++)
        write_route(counts, routes_count() + i, path, out);
}
