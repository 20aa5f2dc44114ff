#include "config/config_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "config/config_file.h"

/* Ignores files left by editors and package managers. */
static int is_config(const struct dirent *entry)
{
    static const char end[] = ".json";
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len >= sizeof end &&
           strcmp(entry->d_name + len - strlen(end), end) == 0;
}

/* Sorts bytewise, independent of the locale. */
static int compare(const struct dirent **one, const struct dirent **other)
{
    return strcmp((*one)->d_name, (*other)->d_name);
}

static bool read_all(const char *folder, struct dirent *const *entries,
                     int count, struct config *config, struct error *error)
{
    bool ok = true;
    struct buffer path = {0};
    for (int i = 0; ok && i < count; i++) {
        buffer_clear(&path);
        buffer_append_format(&path, "%s/%s", folder, entries[i]->d_name);
        ok = config_file_read(buffer_text(&path), config, error);
    }
    buffer_deinit(&path);
    return ok;
}

static bool read_folder(const char *folder, struct config *config,
                        struct error *error)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_config, compare);
    if (count < 0)
        return errno == ENOENT || errno == ENOTDIR ||
               error_set(error, "%.300s: %s", folder, strerror(errno));
    bool ok = read_all(folder, entries, count, config, error);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return ok;
}

bool config_folder_read(const char *file, struct config *config,
                        struct error *error)
{
    const char *slash = strrchr(file, '/');
    struct buffer folder = {0};
    buffer_append(&folder,
                  (struct bytes){file, slash ? (size_t)(slash + 1 - file) : 0});
    buffer_append_text(&folder, CONFIG_FOLDER);
    bool ok = read_folder(buffer_text(&folder), config, error);
    buffer_deinit(&folder);
    return ok;
}
