#include "bus/redis/redis_topology.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "bus/redis/redis_link.h"

struct redis_topology {
    /* only the bus's thread */
    struct redis_place taken[REDIS_PLACES_MAX];
    size_t taken_count;
    /* any thread, under the lock */
    pthread_mutex_t lock;
    struct redis_place shown[REDIS_PLACES_MAX];
    size_t shown_count;
};

struct redis_topology *redis_topology_new(void)
{
    struct redis_topology *topology = memory_new(1, sizeof *topology);
    pthread_mutex_init(&topology->lock, NULL);
    return topology;
}

void redis_topology_free(struct redis_topology *topology)
{
    pthread_mutex_destroy(&topology->lock);
    free(topology);
}

void redis_topology_begin(struct redis_topology *topology)
{
    topology->taken_count = 0;
}

struct redis_place *redis_topology_add(struct redis_topology *topology,
                                       const char *role, const char *host,
                                       uint16_t port,
                                       const struct redis_link *commands)
{
    if (topology->taken_count == (size_t)REDIS_PLACES_MAX)
        topology->taken_count--; /* the last place is overwritten */
    struct redis_place *place = &topology->taken[topology->taken_count++];
    *place = (struct redis_place){.role = role};
    snprintf(place->name, sizeof place->name, port ? "%s:%u" : "%s", host,
             port);
    if (commands)
        redis_link_round_trips(commands, &place->answers, &place->answers_ns);
    return place;
}

void redis_topology_end(struct redis_topology *topology)
{
    pthread_mutex_lock(&topology->lock);
    memcpy(topology->shown, topology->taken,
           topology->taken_count * sizeof *topology->taken);
    topology->shown_count = topology->taken_count;
    pthread_mutex_unlock(&topology->lock);
}

/* ---- metrics ------------------------------------------------------------ */

static void write_name(const struct redis_place *place, const char *name,
                       struct buffer *out)
{
    buffer_append_format(out, "peal_redis_node_%s{node=", name);
    buffer_append_json_string(out, bytes_of(place->name));
}

static void write_up(const struct redis_place *place, struct buffer *out)
{
    write_name(place, "up", out);
    buffer_append_format(out, ",role=\"%s\"} %d\n", place->role, place->is_up);
}

static void write_slots(const struct redis_place *place, struct buffer *out)
{
    if (!place->is_node)
        return;
    write_name(place, "slots", out);
    buffer_append_format(out, "} %u\n", place->slots);
}

static void write_replicas(const struct redis_place *place, struct buffer *out)
{
    if (!place->is_node)
        return;
    write_name(place, "replicas", out);
    buffer_append_format(out, "} %u\n", place->replicas);
}

static void write_round_trips(const struct redis_place *place,
                              struct buffer *out)
{
    if (!place->answers)
        return;
    write_name(place, "round_trip_seconds_sum", out);
    buffer_append_format(out, "} %llu.%09llu\n",
                         (unsigned long long)(place->answers_ns / 1000000000),
                         (unsigned long long)(place->answers_ns % 1000000000));
    write_name(place, "round_trip_seconds_count", out);
    buffer_append_format(out, "} %llu\n", (unsigned long long)place->answers);
}

static const struct family {
    const char *name;
    const char *type;
    const char *help;
    void (*write)(const struct redis_place *place, struct buffer *out);
} families[] = {
    {"up", "gauge",
     "1 while the server is connected and its subscription receives what is "
     "published there.",
     write_up},
    {"slots", "gauge", "Slots of a Redis Cluster master.", write_slots},
    {"replicas", "gauge", "Replicas of a Redis Cluster master.",
     write_replicas},
    {"round_trip_seconds", "summary",
     "Time from sending a command to the server until its response, since the "
     "connection was made.",
     write_round_trips},
};

void redis_topology_write(struct redis_topology *topology, struct buffer *out)
{
    pthread_mutex_lock(&topology->lock);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const struct family *family = &families[i];
        buffer_append_format(out,
                             "# HELP peal_redis_node_%s %s\n"
                             "# TYPE peal_redis_node_%s %s\n",
                             family->name, family->help, family->name,
                             family->type);
        for (size_t j = 0; j < topology->shown_count; j++)
            family->write(&topology->shown[j], out);
    }
    pthread_mutex_unlock(&topology->lock);
}
