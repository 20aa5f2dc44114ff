/* The key is read from stdin, because arguments are visible in the process
 * list. */
#include "commands/hash_key_command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/api_keys.h"
#include "base/random.h"

enum { DONE = 0, BAD_USAGE = 2 };

static void print_help(void)
{
    printf("Usage: peal hash-key [--new]\n\n"
           "Reads an API key from stdin and prints its hash for api.keys, so "
           "that the\nconfig does not reveal the key.\n\n"
           "  --new    generate a key, and print it with its hash\n"
           "  --help   print this help\n\n"
           "  $ peal hash-key --new\n"
           "  $ printf %%s \"$KEY\" | peal hash-key\n");
}

static int fail(const char *why)
{
    fprintf(stderr, "peal hash-key: %s\n", why);
    return BAD_USAGE;
}

static void print_hash(const char *key)
{
    char hash[API_HASH_LEN + 1];
    api_key_hash(bytes_of(key), hash);
    puts(hash);
}

static int make(void)
{
    char key[API_KEY_MADE + 1];
    api_key_make(key);
    puts(key);
    print_hash(key);
    return DONE;
}

static int read_and_print(void)
{
    char key[API_KEY_MAX + 2];
    if (isatty(STDIN_FILENO))
        fputs("API key: ", stderr);
    if (!fgets(key, sizeof key, stdin))
        return fail("expected a key on stdin; see peal hash-key --help");
    key[strcspn(key, "\r\n")] = '\0';
    if (!api_key_is_valid(key))
        return fail("expected " API_KEY_FORM);
    print_hash(key);
    return DONE;
}

int hash_key_command(int argc, char **argv)
{
    bool is_alone = argc == 2;
    if (is_alone && strcmp(argv[1], "--help") == 0) {
        print_help();
        return DONE;
    }
    if (is_alone && strcmp(argv[1], "--new") == 0)
        return make();
    if (argc > 1)
        return fail("unexpected argument; see peal hash-key --help");
    return read_and_print();
}
