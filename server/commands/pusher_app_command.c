#include "commands/pusher_app_command.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/random.h"

enum { DONE = 0, BAD_USAGE = 2 };

static void print_help(void)
{
    printf("Usage: peal pusher-app new\n\n"
           "Prints an entry for pusher.apps with a new id, key and secret.\n\n"
           "  --help   print this help\n");
}

/* The id is a number, as backend libraries require. */
static int print_new(void)
{
    enum { KEY_BYTES = 10, SECRET_BYTES = 32, IDS = 1000000000 };
    unsigned char bytes[SECRET_BYTES];
    char key[2 * KEY_BYTES + 1];
    char secret[2 * SECRET_BYTES + 1];
    random_fill(bytes, KEY_BYTES);
    hex_encode(bytes, KEY_BYTES, key);
    random_fill(bytes, SECRET_BYTES);
    hex_encode(bytes, SECRET_BYTES, secret);
    printf("{\"id\": \"%llu\", \"key\": \"%s\", \"secret\": \"%s\"}\n",
           (unsigned long long)(random_uint64() % IDS + 1), key, secret);
    return DONE;
}

int pusher_app_command(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    if (strcmp(what, "new") == 0)
        return print_new();
    if (strcmp(what, "--help") == 0) {
        print_help();
        return DONE;
    }
    fprintf(stderr, "peal pusher-app: expected new; see peal pusher-app "
                    "--help\n");
    return BAD_USAGE;
}
