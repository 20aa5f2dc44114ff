#include "api/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/memory.h"

struct files {
    struct file *items;
    size_t count;
};

static const struct {
    const char *ending;
    const char *content_type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".ts", "text/plain; charset=utf-8"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/plain; charset=utf-8"},
};

static const char *type_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].ending, dot) == 0)
            return types[i].content_type;
    return "application/octet-stream";
}

/* The whole file as owned memory, or NULL and the reason. */
static char *read_whole(const char *name, size_t size, struct error *error)
{
    FILE *stream = fopen(name, "rb");
    char *content = memory_new(size + 1, 1);
    size_t got = stream ? fread(content, 1, size, stream) : 0;
    if (stream)
        fclose(stream);
    if (stream && got == size)
        return content;
    error_set(error, "%s: cannot be read: %s", name,
              stream ? "it changed while being read" : strerror(errno));
    free(content);
    return NULL;
}

static bool add_file(struct files *files, const char *name,
                     const char *url_path, size_t size, struct error *error)
{
    if (size > FILE_MAX)
        return error_set(error, "%s: larger than %d bytes", name, FILE_MAX);
    if (files->count == FILES_MAX)
        return error_set(error, "%s: more than %d files", name, FILES_MAX);
    char *content = read_whole(name, size, error);
    if (!content)
        return false;
    files->items =
        memory_resize(files->items, files->count + 1, sizeof *files->items);
    struct file *file = &files->items[files->count++];
    *file = (struct file){
        .path = memory_copy_text(url_path, strlen(url_path)),
        .content_type = type_of(url_path),
        .content = {content, size},
    };
    snprintf(file->etag, sizeof file->etag, "\"%016llx\"",
             (unsigned long long)XXH3_64bits(content, size));
    return true;
}

static bool read_folder(struct files *files, const char *folder,
                        const char *url_folder, struct error *error);

static bool add_entry(struct files *files, const char *folder,
                      const char *url_folder, const char *entry,
                      struct error *error)
{
    char name[4096];
    char url_path[4096];
    struct stat info;
    if (entry[0] == '.') /* hidden files are not served */
        return true;
    snprintf(name, sizeof name, "%s/%s", folder, entry);
    snprintf(url_path, sizeof url_path, "%s/%s", url_folder, entry);
    if (stat(name, &info))
        return error_set(error, "%s: %s", name, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return strcmp(entry, "node_modules") == 0 ||
               read_folder(files, name, url_path, error);
    return !S_ISREG(info.st_mode) ||
           add_file(files, name, url_path, (size_t)info.st_size, error);
}

static bool read_folder(struct files *files, const char *folder,
                        const char *url_folder, struct error *error)
{
    DIR *stream = opendir(folder);
    if (!stream)
        return error_set(error, "%s: %s", folder, strerror(errno));
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(stream));)
        ok = add_entry(files, folder, url_folder, entry->d_name, error);
    closedir(stream);
    return ok;
}

struct files *files_read(const char *root, struct error *error)
{
    struct files *files = memory_new(1, sizeof *files);
    if (read_folder(files, root, "", error))
        return files;
    files_free(files);
    return NULL;
}

void files_free(struct files *files)
{
    if (!files)
        return;
    for (size_t i = 0; i < files->count; i++) {
        free(files->items[i].path);
        free((char *)files->items[i].content.data);
    }
    free(files->items);
    free(files);
}

const struct file *files_find(const struct files *files, struct bytes path)
{
    if (bytes_equal(path, BYTES_LITERAL("/")))
        path = BYTES_LITERAL("/index.html");
    for (size_t i = 0; files && i < files->count; i++)
        if (bytes_equal(bytes_of(files->items[i].path), path))
            return &files->items[i];
    return NULL;
}
