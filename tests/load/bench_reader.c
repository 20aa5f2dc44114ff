/* Optimized for many small texts: one recv into the thread's large buffer,
 * frames parsed in place, and only the rest of an incomplete frame copied to
 * the link. */
#include "bench_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_http.h"
#include "bench_sign.h"
#include "bench_stamp.h"
#include "bench_tls.h"
#include "bench_worker.h"
#include "scenario.h"

static struct bench_run *run_of(const struct bench_link *self)
{
    return self->worker->run;
}

/* The most common mistake is a path that Peal does not have. */
static const char *hint_of(const struct bench_run *run, int status)
{
    if (status != 404 || strcmp(run->options.preset, "raw") != 0)
        return "";
    return " (is the path right? For Peal: --preset peal, or --preset "
           "peal-echo with echo)";
}

/* Removes the HTTP response from the front; false if it is incomplete or the
 * link has ended. */
static bool take_answer(struct bench_link *self, const unsigned char **at,
                        const unsigned char *end)
{
    size_t header = 0;
    int status = 0;
    enum bench_answer answer =
        bench_upgrade_judge((const char *)*at, (size_t)(end - *at),
                            &self->worker->key, &header, &status);

    if (answer == BENCH_ANSWER_PARTIAL)
        return false;
    if (answer == BENCH_ANSWER_REFUSED) {
        char why[BENCH_NOTE_LEN];
        snprintf(why, sizeof why, "refused with status %d%s", status,
                 hint_of(run_of(self), status));
        bench_run_count_end(run_of(self), BENCH_REFUSED, status);
        bench_link_fail(self, 0, why);
        return false;
    }
    *at += header;
    bench_link_join(self);
    return true;
}

static bool begins_with(const unsigned char *text, size_t len,
                        const char *prefix)
{
    size_t need = strlen(prefix);

    return len >= need && memcmp(text, prefix, need) == 0;
}

static bool equals(const unsigned char *text, size_t len, const char *word)
{
    return *word && len == strlen(word) && memcmp(text, word, len) == 0;
}

static void on_other_text(struct bench_link *self, const unsigned char *text,
                          size_t len)
{
    struct bench_run *run = run_of(self);
    const struct bench_options *options = &run->options;

    bench_count(&self->worker->counts.others, 1);
    if (self->state == BENCH_LINK_JOINING && *options->sign &&
        begins_with(text, len, BENCH_SIGN_TEXT))
        bench_link_join_signed(self, (const char *)text, len);
    else if (self->state == BENCH_LINK_JOINING &&
             begins_with(text, len, options->joined))
        bench_link_become_open(self);
    else if (*options->refusal && begins_with(text, len, options->refusal)) {
        bench_count(&self->worker->counts.refusals, 1);
        bench_run_note(run, "error: %.*s", len > 120 ? 120 : (int)len, text);
    } else if (equals(text, len, options->reply_when))
        bench_link_send(self, BENCH_TEXT, options->reply_with,
                        strlen(options->reply_with));
    else if (run->scenario->other)
        run->scenario->other(self, text, len);
}

static void on_text(struct bench_link *self, const unsigned char *text,
                    size_t len)
{
    struct bench_worker *worker = self->worker;
    const struct scenario *scenario = worker->run->scenario;
    struct bench_stamp stamp;

    if (self->state == BENCH_LINK_LEAVING)
        return;
    if (!begins_with(text, len, worker->run->options.expect) ||
        !bench_stamp_find(text, len, &worker->hint, &stamp)) {
        on_other_text(self, text, len);
        return;
    }
    if (stamp.run != worker->run->id)
        bench_count(&worker->counts.foreign, 1);
    else if (scenario->stamped)
        scenario->stamped(self, &stamp);
}

static void on_close(struct bench_link *self, const struct bench_frame *frame)
{
    char why[96];
    int code = frame->len < 2 ? 1005 : frame->data[0] << 8 | frame->data[1];
    int reason = frame->len < 2 ? 0 : (int)frame->len - 2;

    /* The server closes the socket first, so that TIME_WAIT occupies its port,
     * not one of ours. */
    if (self->state == BENCH_LINK_LEAVING)
        return;
    if (reason > 60)
        reason = 60;
    snprintf(why, sizeof why, "%d %.*s", code, reason,
             frame->len < 2 ? (const unsigned char *)"" : frame->data + 2);
    bench_link_fail(self, code, why);
}

/* Fragmented messages are reassembled first. */
static void on_part(struct bench_link *self, const struct bench_frame *frame)
{
    size_t len = self->message_len + frame->len;
    unsigned char *longer = realloc(self->message, len + 1);

    if (!longer)
        abort();
    memcpy(longer + self->message_len, frame->data, frame->len);
    self->message = longer;
    self->message_len = len;
    if (!frame->final)
        return;

    self->message = NULL;
    self->message_len = 0;
    on_text(self, longer, len);
    free(longer);
}

static void on_frame(struct bench_link *self, const struct bench_frame *frame)
{
    switch (frame->opcode) {
    case BENCH_TEXT:
    case BENCH_BINARY:
        if (frame->final)
            on_text(self, frame->data, frame->len);
        else
            on_part(self, frame);
        return;
    case BENCH_CONTINUE:
        on_part(self, frame);
        return;
    case BENCH_PING:
        bench_link_send(self, BENCH_PONG, frame->data, frame->len);
        return;
    case BENCH_CLOSE:
        on_close(self, frame);
        return;
    default:
        return;
    }
}

static const unsigned char *take_frames(struct bench_link *self,
                                        const unsigned char *at,
                                        const unsigned char *end)
{
    struct bench_frame frame;

    while (self->fd >= 0) {
        size_t len = bench_frame_parse(at, (size_t)(end - at), &frame);
        if (len == 0)
            break;
        if (len == BENCH_FRAME_BAD) {
            bench_link_fail(self, 0, "a frame that no server may send");
            break;
        }
        at += len;
        on_frame(self, &frame);
    }
    return at;
}

/* Handles complete responses of an HTTP server. */
static const unsigned char *take_answers(struct bench_link *self,
                                         const unsigned char *at,
                                         const unsigned char *end)
{
    while (self->fd >= 0 && self->state != BENCH_LINK_LEAVING && at < end) {
        int status = 0;
        size_t len = bench_http_take(at, (size_t)(end - at), &status);
        if (len == 0)
            break;
        if (len == BENCH_HTTP_BAD) {
            bench_run_count_end(run_of(self), BENCH_REFUSED, 0);
            bench_link_fail(self, 0, "not HTTP/1.1 with Content-Length");
            break;
        }
        at += len;
        if (self->state == BENCH_LINK_UPGRADING)
            bench_link_become_open(self);
        run_of(self)->scenario->answered(self, status);
    }
    return at;
}

/* Keeps the rest of an incomplete frame for the next read. */
static void keep_tail(struct bench_link *self, const unsigned char *at,
                      size_t len)
{
    free(self->tail);
    self->tail = NULL;
    self->tail_len = len;
    if (!len)
        return;
    self->tail = malloc(len);
    if (!self->tail)
        abort();
    memcpy(self->tail, at, len);
}

static void consume(struct bench_link *self, size_t len)
{
    const unsigned char *at = self->worker->buffer;
    const unsigned char *end = at + len;

    if (run_of(self)->scenario->answered)
        at = take_answers(self, at, end);
    else if (self->state != BENCH_LINK_UPGRADING || take_answer(self, &at, end))
        at = take_frames(self, at, end);
    if (self->fd >= 0 && (at < end || self->tail))
        keep_tail(self, at, (size_t)(end - at));
}

static ssize_t read_some(struct bench_link *self, void *out, size_t room)
{
    if (self->tls)
        return bench_tls_read(self->tls, out, room);
    ssize_t got = recv(self->fd, out, room, 0);
    if (got >= 0)
        return got;
    return errno == EAGAIN ? BENCH_TLS_AGAIN : BENCH_TLS_FAILED;
}

/* One recv; true if there may be more data. */
static bool read_once(struct bench_link *self)
{
    struct bench_worker *worker = self->worker;
    size_t kept = self->tail_len;

    if (kept)
        memcpy(worker->buffer, self->tail, kept);
    ssize_t got =
        read_some(self, worker->buffer + kept, worker->buffer_size - kept);
    if (got == BENCH_TLS_AGAIN)
        return false;
    if (got <= 0) {
        bench_link_fail(self, 0,
                        got == 0 ? "the server hung up"
                                 : bench_link_trouble(self));
        return false;
    }
    worker->now = bench_now();
    bench_count(&worker->counts.bytes_in, (uint64_t)got);
    consume(self, kept + (size_t)got);
    return true;
}

void bench_reader_read(struct bench_link *self)
{
    /* TLS may have buffered data that epoll does not report. */
    while (read_once(self) && self->tls)
        ;
}
