/* The lenient part of json.h, for text rejected by the scan, to identify the
 * message in the error. It does not recurse, so any depth is possible. */
#include <string.h>

#include "base/json.h"

struct walk {
    const char *at;
    const char *end;
    int depth;
    char before; /* the last character that is not white space */
};

static void skip_blanks(struct walk *walk)
{
    while (walk->at < walk->end && strchr(" \t\n\r", *walk->at) && *walk->at)
        walk->at++;
}

/* The string that begins here, with its quotes, possibly unterminated. */
static struct bytes take_string(struct walk *walk)
{
    const char *start = walk->at++;
    while (walk->at < walk->end && *walk->at != '"')
        walk->at += *walk->at == '\\' && walk->end - walk->at > 1 ? 2 : 1;
    if (walk->at < walk->end)
        walk->at++;
    return (struct bytes){start, (size_t)(walk->at - start)};
}

/* A number or a literal; empty for an object or a list. */
static struct bytes take_rest(struct walk *walk)
{
    const char *start = walk->at;
    while (walk->at < walk->end &&
           !(*walk->at && strchr(" \t\n\r,:{}[]\"", *walk->at)))
        walk->at++;
    return (struct bytes){start, (size_t)(walk->at - start)};
}

static struct bytes take_scalar(struct walk *walk)
{
    skip_blanks(walk);
    return walk->at < walk->end && *walk->at == '"' ? take_string(walk)
                                                    : take_rest(walk);
}

/* After a string in the position of a member's name. */
static bool is_name(struct walk *walk, struct bytes text, const char *name)
{
    skip_blanks(walk);
    return walk->at < walk->end && *walk->at == ':' &&
           text.len == strlen(name) + 2 &&
           memcmp(text.data + 1, name, strlen(name)) == 0;
}

static void step(struct walk *walk)
{
    char c = *walk->at++;
    if (c == '{' || c == '[')
        walk->depth++;
    else if (c == '}' || c == ']')
        walk->depth--;
    if (!(c && strchr(" \t\n\r", c)))
        walk->before = c;
}

struct bytes json_find_scalar(struct bytes text, const char *name)
{
    const struct bytes none = {0};
    struct bytes found = none;
    struct walk walk = {text.data, text.data + text.len, 0, 0};
    skip_blanks(&walk);
    if (walk.at == walk.end || *walk.at != '{')
        return none;
    do {
        if (*walk.at != '"') {
            step(&walk);
            continue;
        }
        bool may_be_name =
            walk.depth == 1 && (walk.before == '{' || walk.before == ',');
        struct bytes string = take_string(&walk);
        walk.before = '"';
        if (!may_be_name || !is_name(&walk, string, name))
            continue;
        walk.at++;
        if (found.len)
            return none; /* ambiguous */
        found = take_scalar(&walk);
        walk.before = ':';
    } while (walk.at < walk.end && walk.depth > 0);
    return found.len && json_is_valid(found) &&
                   !bytes_equal(found, BYTES_LITERAL("null"))
               ? found
               : none;
}
