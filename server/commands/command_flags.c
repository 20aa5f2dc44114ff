#include "commands/command_flags.h"

#include <stdio.h>
#include <string.h>

#include "base/spelling.h"

static const struct command_flag *find_flag(const struct command_flags *flags,
                                            const char *name, size_t len)
{
    for (const struct command_flag *flag = flags->items; flag->name; flag++)
        if (strlen(flag->name) == len && strncmp(flag->name, name, len) == 0)
            return flag;
    return NULL;
}

static bool refuse_unknown(const struct command_flags *flags, const char *text,
                           struct error *error)
{
    struct spelling spelling = {.wanted = text};
    for (const struct command_flag *flag = flags->items; flag->name; flag++)
        spelling_offer(&spelling, flag->name);
    return spelling_refuse(&spelling, "--", "flag", error);
}

static void set(void *base, size_t offset, const char *value)
{
    memcpy((char *)base + offset, &value, sizeof value);
}

static bool read_word(const struct command_flags *flags, const char *text,
                      void *base, bool *has_word, struct error *error)
{
    if (!flags->word || *has_word)
        return error_set(error, "unexpected \"%.64s\"; see peal %s --help",
                         text, flags->command);
    set(base, flags->word_offset, text);
    *has_word = true;
    return true;
}

/* Reads the flag at `*i`, `--name=value` or `--name value`, and advances to its
 * last word. */
static bool read_flag(const struct command_flags *flags, char **argv, int *i,
                      void *base, struct error *error)
{
    const char *text = argv[*i] + 2;
    size_t len = strcspn(text, "=");
    const struct command_flag *flag = find_flag(flags, text, len);
    if (!flag)
        return refuse_unknown(flags, text, error);
    const char *value = text[len] ? text + len + 1 : NULL;
    if (!flag->placeholder && value)
        return error_set(error, "--%s: takes no value", flag->name);
    if (!value)
        value = flag->placeholder ? argv[++*i] : "";
    if (!value || (flag->placeholder && !value[0]))
        return error_set(error, "--%s %s: the value is missing", flag->name,
                         flag->placeholder);
    set(base, flag->offset, value);
    return true;
}

bool command_flags_read(const struct command_flags *flags, int argc,
                        char **argv, void *base, struct error *error)
{
    bool has_word = false;
    for (int i = 1; i < argc; i++) {
        bool is_flag = strncmp(argv[i], "--", 2) == 0;
        if (!(is_flag ? read_flag(flags, argv, &i, base, error)
                      : read_word(flags, argv[i], base, &has_word, error)))
            return false;
    }
    return true;
}

void command_flags_print(const struct command_flags *flags)
{
    for (const struct command_flag *flag = flags->items; flag->name; flag++) {
        char text[32];
        snprintf(text, sizeof text, "--%s %s", flag->name,
                 flag->placeholder ? flag->placeholder : "");
        printf("  %-15s %s\n", text, flag->help);
    }
}
