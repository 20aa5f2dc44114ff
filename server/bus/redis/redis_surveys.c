/* The query is published to the channel of all instances; PUBLISH returns their
 * number. Each answers over the querying instance's own channel. Both are sent
 * once: instances that do not answer in time are left out, and the result
 * contains how many were asked and how many answered. */
#include "bus/redis/redis_surveys.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "bus/redis/redis_announce.h"
#include "bus/redis/redis_backlog.h"
#include "bus/redis/redis_push.h"
#include "messaging/watch/overview.h"
#include "messaging/watch/survey.h"

/* The name of a kind in a query. */
static const char letters[SURVEY_KINDS] = {
    [SURVEY_CLIENT] = 'c',
    [SURVEY_REFUSALS] = 'r',
    [SURVEY_CHANNELS] = 'n',
};

struct redis_survey {
    struct redis_survey *next;
    struct request *request;
    uint64_t number;
    uint64_t end_ms;
    bool is_told; /* how many were asked */
};

static struct redis_survey **find(struct redis_bus *bus, uint64_t number)
{
    struct redis_survey **at = &bus->surveys;
    while (*at && (*at)->number != number)
        at = &(*at)->next;
    return at;
}

static struct request *take_out(struct redis_bus *bus, struct redis_survey **at)
{
    struct redis_survey *survey = *at;
    struct request *request = survey->request;
    *at = survey->next;
    bus->survey_count--;
    free(survey);
    return request;
}

static void settle(struct redis_bus *bus, struct redis_survey **at)
{
    const struct redis_survey *survey = *at;
    if (survey->is_told &&
        survey->request->name_count >= survey->request->instances)
        request_finish(take_out(bus, at));
}

/* ---- asking -------------------------------------------------------------- */

struct question {
    struct redis_bus *bus;
    uint64_t number;
};

static void on_asked(void *arg, const struct redisReply *reply)
{
    struct question *question = arg;
    struct redis_bus *bus = question->bus;
    struct redis_survey **at = find(bus, question->number);
    int64_t instances;
    bus->in_flight--;
    free(question);
    if (!*at)
        return; /* the survey is already over */
    if (!redis_push_number(reply, &instances)) {
        redis_refuse(bus, take_out(bus, at));
        return;
    }
    (*at)->request->instances = (uint32_t)instances;
    (*at)->is_told = true;
    settle(bus, at);
}

static void ask(struct redis_bus *bus, const struct redis_survey *survey)
{
    const struct request *request = survey->request;
    struct question *question = memory_new(1, sizeof *question);
    struct buffer payload = {0};
    *question = (struct question){bus, survey->number};
    buffer_append_char(&payload, letters[request->survey]);
    buffer_append_text(&payload, request->channel);
    const struct envelope envelope = {
        .kind = ENVELOPE_QUESTION,
        .target = bytes_of(request->client),
        .position = {.offset = survey->number},
        .from = bytes_of(bus->id),
        .payload = buffer_bytes(&payload),
    };
    redis_announce(bus, NULL, &envelope, on_asked, question);
    buffer_deinit(&payload);
}

void redis_survey(struct redis_bus *bus, struct request *request)
{
    if (bus->survey_count >= SURVEYS_MAX) {
        bus->in_flight--;
        redis_refuse(bus, request);
        return;
    }
    struct redis_survey *survey = memory_new(1, sizeof *survey);
    survey->next = bus->surveys;
    survey->request = request;
    survey->number = ++bus->last_survey;
    survey->end_ms = clock_steady_ms() + SURVEY_MS;
    bus->surveys = survey;
    bus->survey_count++;
    ask(bus, survey);
}

bool redis_surveys_on_answer(struct redis_bus *bus,
                             const struct envelope *envelope)
{
    struct redis_survey **at = find(bus, envelope->position.offset);
    if (envelope->payload.len > SURVEY_ANSWER_MAX)
        return false;
    if (*at) {
        request_add_name((*at)->request, envelope->payload);
        settle(bus, at);
    }
    return true;
}

void redis_surveys_tick(struct redis_bus *bus, uint64_t now_ms)
{
    struct redis_survey **at = &bus->surveys;
    while (*at) {
        struct redis_survey *survey = *at;
        if (now_ms < survey->end_ms)
            at = &survey->next;
        else if (survey->is_told)
            request_finish(take_out(bus, at));
        else
            redis_refuse(bus, take_out(bus, at));
    }
}

void redis_surveys_free(struct redis_bus *bus)
{
    redis_surveys_tick(bus, UINT64_MAX);
}

/* ---- answering ----------------------------------------------------------- */

struct answer {
    struct redis_bus *bus;
    uint64_t number;
    char asker[REDIS_ID_LEN + 1];
    size_t len;
    char text[];
};

static void send_answer(void *subject, void *object)
{
    struct redis_bus *bus = subject;
    struct answer *answer = object;
    const struct envelope envelope = {
        .kind = ENVELOPE_ANSWER,
        .position = {.offset = answer->number},
        .from = bytes_of(bus->id),
        .payload = {answer->text, answer->len},
    };
    if (bus->is_serving)
        redis_announce(bus, answer->asker, &envelope, NULL, NULL);
    free(answer);
}

/* Runs on a worker's thread or, at shutdown, after the bus's has ended. */
static void on_surveyed(void *arg, struct bytes text)
{
    struct answer *answer = arg;
    struct redis_bus *bus = answer->bus;
    if (bus->is_stopped) {
        free(answer);
        return;
    }
    answer = memory_resize(answer, 1, sizeof *answer + text.len);
    memcpy(answer->text, text.data, text.len);
    answer->len = text.len;
    inbox_post(&bus->inbox, (struct inbox_item){send_answer, bus, answer});
}

static bool read_kind(struct bytes text, enum survey_kind *kind)
{
    const char *letter =
        text.len ? memchr(letters, text.data[0], SURVEY_KINDS) : NULL;
    *kind = letter ? (enum survey_kind)(letter - letters) : 0;
    return letter != NULL;
}

bool redis_surveys_on_question(struct redis_bus *bus,
                               const struct envelope *envelope)
{
    enum survey_kind kind;
    if (envelope->from.len != REDIS_ID_LEN ||
        !read_kind(envelope->payload, &kind))
        return false;
    if (!bus->instance->overview->is_serving)
        return true; /* it has no workers yet, and nothing to tell */
    struct answer *answer = memory_new(1, sizeof *answer);
    answer->bus = bus;
    answer->number = envelope->position.offset;
    memcpy(answer->asker, envelope->from.data, REDIS_ID_LEN);
    survey_begin(bus->instance, kind, envelope->target,
                 bytes_skip(envelope->payload, 1), on_surveyed, answer);
    return true;
}
