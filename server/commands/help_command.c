#include "commands/help_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/spelling.h"
#include "commands/help_topics.h"
#include "config/config_print.h"

enum { DONE = 0, BAD_USAGE = 2 };

/* Shell completion parses this output, see conf/completion.bash. */
static void print_topics(void)
{
    const char *before = "Usage:";
    for (const struct help_topic *each = help_topics; each->name; each++) {
        printf("%-6s peal help %-11s %s\n", before, each->name, each->summary);
        before = "";
    }
    printf("\npeal --help lists all commands and keys; each command has --help "
           "too.\n");
}

/* Wraps the text between examples, which are unchanged. */
static void append_line(struct bytes line, struct buffer *out)
{
    bool is_example = line.len == 0 || line.data[0] == ' ';
    if (is_example) {
        buffer_append(out, line);
        buffer_append_char(out, '\n');
        return;
    }
    char *text = memory_copy_text(line.data, line.len);
    config_print_wrapped(text, "", out);
    free(text);
}

static void print_topic(const struct help_topic *topic)
{
    struct buffer out = {0};
    buffer_append_format(&out, "%s: %s\n\n", topic->name, topic->summary);
    for (const char *at = topic->text; *at;) {
        size_t len = strcspn(at, "\n");
        append_line((struct bytes){at, len}, &out);
        at += len + (at[len] == '\n');
    }
    buffer_append_text(&out, "\nKeys and their defaults\n");
    config_print_help_about(topic->keys, &out);
    fputs(buffer_text(&out), stdout);
    buffer_deinit(&out);
}

static const struct help_topic *find(const char *name)
{
    for (const struct help_topic *each = help_topics; each->name; each++)
        if (strcmp(each->name, name) == 0)
            return each;
    return NULL;
}

static int refuse(const char *name)
{
    struct error error;
    struct spelling spelling = {.wanted = name};
    for (const struct help_topic *each = help_topics; each->name; each++)
        spelling_offer(&spelling, each->name);
    spelling_refuse(&spelling, "", "topic", &error);
    fprintf(stderr, "peal help: %s\n", error.text);
    return BAD_USAGE;
}

int help_command(int argc, char **argv)
{
    if (argc == 1 || strcmp(argv[1], "--help") == 0) {
        print_topics();
        return DONE;
    }
    if (argc > 2) {
        fprintf(stderr, "peal help: unexpected \"%.64s\"\n", argv[2]);
        return BAD_USAGE;
    }
    const struct help_topic *topic = find(argv[1]);
    if (!topic)
        return refuse(argv[1]);
    print_topic(topic);
    return DONE;
}
