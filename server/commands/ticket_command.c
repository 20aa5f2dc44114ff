#include "commands/ticket_command.h"

#include <stdio.h>

#include "base/json.h"
#include "commands/remote.h"

enum { DONE = 0, REFUSED = 1, BAD_USAGE = 2 };

struct wish {
    struct remote_options remote;
    const char *client;
    const char *caps;
    const char *info;
    const char *ttl;
    const char *help;
};

static const struct command_flag items[] = {
    REMOTE_FLAGS(struct wish, remote),
    {"client", "ID", offsetof(struct wish, client),
     "the client that it admits (required)"},
    {"caps", "JSON", offsetof(struct wish, caps),
     "what the client may do (default_caps)"},
    {"info", "JSON", offsetof(struct wish, info),
     "what others may see of the client, an object"},
    {"ttl", "SECONDS", offsetof(struct wish, ttl), "validity (30)"},
    {"help", NULL, offsetof(struct wish, help), "print this help"},
    {0},
};

static const struct command_flags flags = {.command = "ticket", .items = items};

static void print_help(void)
{
    printf("Usage: peal ticket --client ID [--caps JSON] [--info JSON]\n"
           "                   [--ttl SECONDS]\n\n"
           "Prints a ticket, which admits that client once: /ws/ID?ticket=..."
           "\nThe API key is read from PEAL_API_KEY.\n\n");
    command_flags_print(&flags);
    printf("\n  PEAL_API_KEY=... peal ticket --client alice --ttl 60\n");
}

static bool check(const struct wish *wish, struct error *error)
{
    uint64_t number;
    if (!wish->client)
        return error_set(error, "--client is missing; see peal ticket --help");
    if (wish->caps && !json_is_valid(bytes_of(wish->caps)))
        return error_set(error, "--caps: not JSON");
    if (wish->info && !json_is_valid(bytes_of(wish->info)))
        return error_set(error, "--info: not JSON");
    return !wish->ttl || json_decode_uint(bytes_of(wish->ttl), &number) ||
           error_set(error, "--ttl: expected a whole number of seconds");
}

static bool print_ticket(struct bytes answer, struct error *error)
{
    struct json_slot slots[] = {{.name = "ticket"}};
    const char *why;
    char ticket[64];
    size_t len;
    if (!json_scan_object(answer, slots, 1, &why) ||
        !json_decode_string(slots[0].raw, ticket, sizeof ticket, &len))
        return error_set(error, "unexpected response; is this a Peal server?");
    printf("%.*s\n", (int)len, ticket);
    return true;
}

static bool ask(const struct wish *wish, struct error *error)
{
    struct buffer body = {0};
    struct buffer answer = {0};
    buffer_append_text(&body, "{\"client\":");
    buffer_append_json_string(&body, bytes_of(wish->client));
    if (wish->caps)
        buffer_append_format(&body, ",\"caps\":%s", wish->caps);
    if (wish->info)
        buffer_append_format(&body, ",\"info\":%s", wish->info);
    if (wish->ttl)
        buffer_append_format(&body, ",\"ttl\":%s", wish->ttl);
    buffer_append_char(&body, '}');
    bool ok = remote_tell(&wish->remote, "/api/tickets", buffer_text(&body),
                          &answer, error) &&
              print_ticket(buffer_bytes(&answer), error);
    buffer_deinit(&body);
    buffer_deinit(&answer);
    return ok;
}

int ticket_command(int argc, char **argv)
{
    struct error error;
    struct wish wish = {0};
    int code = DONE;
    if (!command_flags_read(&flags, argc, argv, &wish, &error))
        code = BAD_USAGE;
    else if (wish.help)
        print_help();
    else if (!check(&wish, &error))
        code = BAD_USAGE;
    else if (!ask(&wish, &error))
        code = REFUSED;
    if (code != DONE)
        fprintf(stderr, "peal ticket: %s\n", error.text);
    return code;
}
