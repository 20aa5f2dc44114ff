#include "commands/command_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "commands/channel_command.h"
#include "commands/client_command.h"
#include "commands/hash_key_command.h"
#include "commands/help_command.h"
#include "commands/info_command.h"
#include "commands/publish_command.h"
#include "commands/pusher_app_command.h"
#include "commands/tail_command.h"
#include "commands/ticket_command.h"
#include "commands/token_command.h"
#include "commands/user_command.h"
#include "config/config_print.h"
#include "config/config_value.h"

#define CONFIG "config"

static const struct command commands[] = {
    {"token", token_command, "print a signed token; see peal token --help"},
    {"hash-key", hash_key_command, "print an API key's hash for api.keys"},
    {"pusher-app", pusher_app_command, "print a new entry for pusher.apps"},
    {"publish", publish_command, "publish to a channel of a running server"},
    {"tail", tail_command, "follow the messages of a channel"},
    {"history", history_command, "print a channel's last messages"},
    {"presence", presence_command, "print the members of a channel"},
    {"ticket", ticket_command, "print a ticket for one connection of a client"},
    {"client", client_command, "show, disconnect or ban a client"},
    {"user", user_command, "add, show, disable or delete users' accounts"},
    {"info", info_command, "print the state of a running server"},
    {"help", help_command, "explain a topic, with examples: peal help redis"},
    {CONFIG, NULL, "print every value and its source"},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

/* Arguments that are not config keys. */
struct option {
    const char *name;
    const char *placeholder; /* name of its value; NULL: takes none */
    void (*apply)(struct command_line *line, const char *value);
    const char *help;
};

static void use_file(struct command_line *line, const char *value)
{
    line->sources.file = value;
}

static void use_user(struct command_line *line, const char *value)
{
    line->user = value;
}

static void use_dev(struct command_line *line, const char *value)
{
    (void)value;
    line->sources.dev = true;
}

static void check_config(struct command_line *line, const char *value)
{
    (void)value;
    line->action = COMMAND_LINE_CHECK_CONFIG;
}

static void print_config(struct command_line *line, const char *value)
{
    (void)value;
    line->action = COMMAND_LINE_PRINT_CONFIG;
}

static void print_version(struct command_line *line, const char *value)
{
    (void)value;
    line->action = COMMAND_LINE_VERSION;
}

static void print_help(struct command_line *line, const char *value)
{
    (void)value;
    line->action = COMMAND_LINE_HELP;
}

static const struct option options[] = {
    {"config", "FILE", use_file, "read keys from a JSON file with comments"},
    {"dev", NULL, use_dev,
     "defaults for trying Peal: demo page, explained refusals"},
    {"check-config", NULL, check_config, "validate the config and exit"},
    {"user", "NAME", use_user,
     "with --check-config: the user that must be able to read files"},
    {"print-config", NULL, print_config,
     "print the effective config, secrets masked"},
    {"version", NULL, print_version, "print the version"},
    {"help", NULL, print_help, "print this help"},
};

enum { OPTIONS = sizeof options / sizeof *options };

/* An argument "--name=value", or "--name" with its value in the next one. */
struct argument {
    char name[SPELLING_MAX + 1];
    const char *value; /* NULL: none in this argument */
    const char *next;  /* NULL: this is the last one */
};

const struct command *command_line_find(int argc, char **argv)
{
    bool has_topic = argc == 3 && strcmp(argv[1], "--help") == 0;
    const char *name = has_topic ? "help" : argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < COMMANDS; i++)
        if (commands[i].run && strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Truncated names are unknown: no name is that long. */
static struct argument split(const char *text, const char *next)
{
    struct argument argument = {.next = next};
    const char *name = text + strlen("--");
    size_t len = strcspn(name, "=");
    snprintf(argument.name, sizeof argument.name, "%.*s", (int)len, name);
    argument.value = name[len] ? name + len + 1 : NULL;
    return argument;
}

/* The argument's value; `used` counts the arguments it takes. */
static const char *take_value(const struct argument *argument, int *used)
{
    if (argument->value || !argument->next)
        return argument->value;
    ++*used;
    return argument->next;
}

static const struct option *find_option(const char *name)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

static bool read_option(struct command_line *line, const struct option *option,
                        const struct argument *argument, int *used,
                        struct error *error)
{
    if (!option->placeholder && argument->value)
        return error_set(error, "--%s: takes no value", option->name);
    const char *value = NULL;
    if (option->placeholder) {
        value = take_value(argument, used);
        if (!value || !value[0])
            return error_set(error, "--%s: expected a %s", option->name,
                             option->placeholder);
    }
    option->apply(line, value);
    return true;
}

static bool is_bool_word(const char *text)
{
    return text && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0);
}

static bool refuse_secret(const struct config_key *key, struct error *error)
{
    char name[SPELLING_MAX];
    config_key_environment_name(key, name, sizeof name);
    return error_set(error,
                     "--%s: a secret on the command line is visible in the "
                     "process list; set it in the config file or in %s",
                     key->name, name);
}

static bool read_key(struct command_line *line, const struct config_key *key,
                     const struct argument *argument, int *used,
                     struct error *error)
{
    if (key->secret)
        return refuse_secret(key, error);
    bool bare = key->type == &config_value_bool && !argument->value &&
                !is_bool_word(argument->next);
    const char *value = bare ? NULL : take_value(argument, used);
    line->flags[line->sources.flag_count++] =
        (struct config_flag){key->name, value};
    return true;
}

static bool refuse_unknown(const struct argument *argument, struct error *error)
{
    struct spelling spelling = {.wanted = argument->name};
    for (size_t i = 0; i < OPTIONS; i++)
        spelling_offer(&spelling, options[i].name);
    config_key_offer(&config_keys, &spelling);
    return spelling_refuse(&spelling, "--", "flag", error);
}

static bool read_word(const char *word, struct error *error)
{
    struct spelling spelling = {.wanted = word};
    for (size_t i = 0; i < COMMANDS; i++)
        spelling_offer(&spelling, commands[i].name);
    for (const char *const *action = client_command_actions; *action; action++)
        if (strcmp(*action, word) == 0)
            return error_set(error,
                             "%s: unknown argument; did you mean peal "
                             "client %s?",
                             word, word);
    return spelling_refuse(&spelling, "", "argument", error);
}

/* Reads one argument, and the next one when that is its value. */
static bool read_argument(struct command_line *line, const char *text,
                          const char *next, int *used, struct error *error)
{
    if (strncmp(text, "--", 2) != 0)
        return read_word(text, error);
    struct argument argument = split(text, next);
    const struct option *option = find_option(argument.name);
    if (option)
        return read_option(line, option, &argument, used, error);
    const struct config_key *key = config_key_find(&config_keys, argument.name);
    if (key)
        return read_key(line, key, &argument, used, error);
    return refuse_unknown(&argument, error);
}

bool command_line_parse(struct command_line *line, int argc, char **argv,
                        struct error *error)
{
    line->flags = memory_new((size_t)argc, sizeof *line->flags);
    line->sources.flags = line->flags;
    bool is_config = argc > 1 && strcmp(argv[1], CONFIG) == 0;
    if (is_config)
        line->action = COMMAND_LINE_PRINT_ORIGINS;
    for (int i = 1 + is_config, used; i < argc; i += used) {
        used = 1;
        if (!read_argument(line, argv[i], argv[i + 1], &used, error)) {
            command_line_deinit(line);
            return false;
        }
    }
    return true;
}

void command_line_deinit(struct command_line *line)
{
    free(line->flags);
    *line = (struct command_line){0};
}

void command_line_print_version(void)
{
    printf("peal " PEAL_VERSION "\n");
    printf("build: " PEAL_BUILD_TYPE "\n");
    printf("sanitizers: %s\n", PEAL_SANITIZERS[0] ? PEAL_SANITIZERS : "none");
}

static void print_options(void)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *placeholder = options[i].placeholder;
        char flag[SPELLING_MAX];
        snprintf(flag, sizeof flag, "--%s%s%s", options[i].name,
                 placeholder ? " " : "", placeholder ? placeholder : "");
        printf("  %-16s %s\n", flag, options[i].help);
    }
}

void command_line_print_help(void)
{
    printf("Usage: peal [options] [--key value ...]\n"
           "       peal command ...\n\n"
           "Peal serves WebSockets at /ws/<client_id>.\n\n"
           "Commands\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-16s %s\n", commands[i].name, commands[i].help);
    printf("\nOptions\n");
    print_options();
    printf(
        "\nKeys and their defaults. Set them in the file, in the environment\n"
        "(limits.channels is PEAL_LIMITS_CHANNELS) or here; the later "
        "source wins.\n");
    struct buffer keys = {0};
    config_print_help(&keys);
    fputs(buffer_text(&keys), stdout);
    buffer_deinit(&keys);
}
