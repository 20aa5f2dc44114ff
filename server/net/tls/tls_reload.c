#include "net/tls/tls_reload.h"

#include <stddef.h>
#include <sys/stat.h>

static struct tls_file look_at(const char *path)
{
    struct stat found;
    if (!path || stat(path, &found) != 0)
        return (struct tls_file){0};
    return (struct tls_file){found.st_mtim, found.st_ino, found.st_size};
}

struct tls_files tls_reload_look(const struct tls_options *options)
{
    return (struct tls_files){{look_at(options->cert), look_at(options->key),
                               look_at(options->client_ca)}};
}

void tls_reload_note(struct tls_reload *reload, const struct tls_files *files)
{
    reload->loaded = reload->seen = *files;
}

static bool are_same(const struct tls_files *a, const struct tls_files *b)
{
    for (size_t i = 0; i < sizeof a->items / sizeof *a->items; i++) {
        const struct tls_file *one = &a->items[i], *other = &b->items[i];
        if (one->changed.tv_sec != other->changed.tv_sec ||
            one->changed.tv_nsec != other->changed.tv_nsec ||
            one->number != other->number || one->size != other->size)
            return false;
    }
    return true;
}

bool tls_reload_is_due(struct tls_reload *reload,
                       const struct tls_options *options)
{
    struct tls_files now = tls_reload_look(options);
    bool is_steady = are_same(&now, &reload->seen);
    reload->seen = now;
    if (!is_steady || are_same(&now, &reload->loaded))
        return false;
    reload->loaded = now;
    return true;
}
