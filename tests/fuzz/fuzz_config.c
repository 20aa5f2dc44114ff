/* A config file of arbitrary bytes is loaded, or refused with a reason. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "config/config_load.h"
#include "fuzz.h"

static char path[64];

static void write_file(const uint8_t *data, size_t size)
{
    snprintf(path, sizeof path, "/tmp/fuzz_config_%d.json", (int)getpid());
    FILE *file = fopen(path, "wb");
    PANIC_IF(!file || fwrite(data, 1, size, file) != size);
    fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    const struct config_sources sources = {.file = path};
    write_file(data, size);
    struct config *config = config_load(&sources, &error);
    unlink(path);
    PANIC_IF(!config && !error.text[0]);
    config_free(config);
    return 0;
}
