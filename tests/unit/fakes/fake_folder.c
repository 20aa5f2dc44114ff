#include "fake_folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static char root[64];

const char *fake_folder_make(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(root, sizeof root, "%s/peal-test-XXXXXX",
             parent && strlen(parent) < 32 ? parent : "/tmp");
    PANIC_IF(!mkdtemp(root));
    return root;
}

/* Creates every folder before the last slash. */
static void make_parents(char *path)
{
    for (char *at = path + strlen(root) + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(path, 0700);
        *at = '/';
    }
}

void fake_folder_write(const char *path, struct bytes content)
{
    char name[512];
    snprintf(name, sizeof name, "%s/%s", root, path);
    make_parents(name);
    FILE *stream = fopen(name, "wb");
    PANIC_IF(!stream);
    PANIC_IF(fwrite(content.data, 1, content.len, stream) != content.len);
    fclose(stream);
}

static int remove_entry(const char *path, const struct stat *info, int type,
                        struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

void fake_folder_remove(void)
{
    nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
