#include "commands/channel_command.h"

#include <stdio.h>

#include "base/json.h"
#include "commands/remote.h"

enum { DONE = 0, REFUSED = 1, BAD_USAGE = 2 };

struct channel {
    struct remote_options remote;
    const char *name;
    const char *limit;
    const char *help;
};

static const struct command_flag history_items[] = {
    REMOTE_FLAGS(struct channel, remote),
    {"channel", "NAME", offsetof(struct channel, name),
     "channel name (required)"},
    {"limit", "N", offsetof(struct channel, limit),
     "maximum number of messages (50)"},
    {"help", NULL, offsetof(struct channel, help), "print this help"},
    {0},
};

static const struct command_flag presence_items[] = {
    REMOTE_FLAGS(struct channel, remote),
    {"channel", "NAME", offsetof(struct channel, name),
     "channel name (required)"},
    {"help", NULL, offsetof(struct channel, help), "print this help"},
    {0},
};

/* A decoded string of the answer; empty if invalid or too long. */
struct text {
    char text[256];
    int len;
};

static struct text text_of(struct bytes raw)
{
    struct text out = {.len = 0};
    size_t len;
    if (json_decode_string(raw, out.text, sizeof out.text, &len))
        out.len = (int)len;
    return out;
}

static void print_message(struct bytes row)
{
    printf("%.*s\n", (int)row.len, row.data);
}

static void print_member(struct bytes row)
{
    struct json_slot slots[] = {{.name = "client"}, {.name = "connections"}};
    const char *why;
    if (!json_scan_object(row, slots, 2, &why))
        return;
    const struct text client = text_of(slots[0].raw);
    printf("%6.*s %.*s\n", (int)slots[1].raw.len, slots[1].raw.data, client.len,
           client.text);
}

static const struct view {
    struct command_flags flags;
    const char *list; /* of the answer */
    void (*print)(struct bytes row);
    const char *help;
} history =
    {
        .flags = {.command = "history", .items = history_items},
        .list = "messages",
        .print = print_message,
        .help = "Usage: peal history --channel NAME [--limit N]\n\n"
                "Prints the last messages of a channel, one per line, oldest "
                "first. The API\nkey is read from PEAL_API_KEY.\n\n",
},
  presence = {
      .flags = {.command = "presence", .items = presence_items},
      .list = "clients",
      .print = print_member,
      .help = "Usage: peal presence --channel NAME\n\n"
              "Prints the members of a channel on all instances, each with "
              "its\nconnections. The API key is read from PEAL_API_KEY.\n\n",
};

static void print_help(const struct view *view)
{
    fputs(view->help, stdout);
    command_flags_print(&view->flags);
    printf("\n  PEAL_API_KEY=... peal %s --channel lobby\n",
           view->flags.command);
}

static bool check(const struct view *view, const struct channel *channel,
                  struct error *error)
{
    uint64_t number;
    if (!channel->name)
        return error_set(error, "--channel is missing; see peal %s --help",
                         view->flags.command);
    return !channel->limit ||
           json_decode_uint(bytes_of(channel->limit), &number) ||
           error_set(error, "--limit: expected a whole number");
}

static bool print_rows(const struct view *view, struct bytes answer,
                       struct error *error)
{
    struct json_slot slots[] = {{.name = view->list}};
    const char *why;
    struct bytes row;
    if (!json_scan_object(answer, slots, 1, &why) || !slots[0].raw.len)
        return error_set(error, "unexpected response; is this a Peal server?");
    while (json_next_element(&slots[0].raw, &row))
        view->print(row);
    return true;
}

static bool ask(const struct view *view, const struct channel *channel,
                struct error *error)
{
    struct buffer path = {0};
    struct buffer answer = {0};
    buffer_append_text(&path, "/api/channels/");
    remote_append_encoded(&path, channel->name);
    buffer_append_format(&path, "/%s", view->flags.command);
    if (channel->limit)
        buffer_append_format(&path, "?limit=%s", channel->limit);
    bool ok = remote_tell(&channel->remote, buffer_text(&path), NULL, &answer,
                          error) &&
              print_rows(view, buffer_bytes(&answer), error);
    buffer_deinit(&path);
    buffer_deinit(&answer);
    return ok;
}

static int run(const struct view *view, int argc, char **argv)
{
    struct error error;
    struct channel channel = {0};
    int code = DONE;
    if (!command_flags_read(&view->flags, argc, argv, &channel, &error))
        code = BAD_USAGE;
    else if (channel.help)
        print_help(view);
    else if (!check(view, &channel, &error))
        code = BAD_USAGE;
    else if (!ask(view, &channel, &error))
        code = REFUSED;
    if (code != DONE)
        fprintf(stderr, "peal %s: %s\n", view->flags.command, error.text);
    return code;
}

int history_command(int argc, char **argv)
{
    return run(&history, argc, argv);
}

int presence_command(int argc, char **argv)
{
    return run(&presence, argc, argv);
}
