/* The life cycle of a connection: opening, sending, closing. Receiving is in
 * bench_reader.c. */
#include "bench_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench_reader.h"
#include "bench_sign.h"
#include "bench_stamp.h"
#include "bench_text.h"
#include "bench_tls.h"
#include "bench_worker.h"
#include "scenario.h"

static struct bench_run *run_of(const struct bench_link *self)
{
    return self->worker->run;
}

static bool is_opening(const struct bench_link *self)
{
    return self->state > BENCH_LINK_DOWN && self->state < BENCH_LINK_OPEN;
}

/* ------------------------------------------------------------- the end */

static void forget_buffers(struct bench_link *self)
{
    free(self->tail);
    free(self->message);
    free(self->out);
    self->tail = self->message = self->out = NULL;
    self->tail_len = self->message_len = 0;
    self->out_len = self->out_sent = self->out_room = 0;
}

void bench_link_cut(struct bench_link *self)
{
    if (self->state == BENCH_LINK_DOWN)
        return;
    if (is_opening(self))
        self->worker->opening--;
    if (self->tls)
        bench_tls_free(self->tls);
    self->tls = NULL;
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
    self->state = BENCH_LINK_DOWN;
    forget_buffers(self);
    bench_count(&self->worker->counts.closed, 1);
    if (run_of(self)->scenario->closed)
        run_of(self)->scenario->closed(self);
}

/* Advice for known causes. */
static const char *hint_of(const struct bench_link *self, int code)
{
    if (code == 4529)
        return " (Peal: a load test wants limits.messages_per_second and "
               "limits.connections_per_ip at 0)";
    if (self->target->tls && bench_tls_lacks_certificate())
        return " (the server asks for a client certificate: --client-cert)";
    return "";
}

void bench_link_fail(struct bench_link *self, int code, const char *why)
{
    struct bench_run *run = run_of(self);

    if (is_opening(self)) {
        bench_count(&self->worker->counts.failed, 1);
        if (code)
            bench_run_count_end(run, BENCH_CLOSED, code);
        bench_run_note(run, "handshake: %s%s", why, hint_of(self, code));
    } else if (self->state == BENCH_LINK_OPEN) {
        bench_count(&self->worker->counts.unexpected, 1);
        bench_run_count_end(run, BENCH_CLOSED, code ? code : 1006);
        bench_run_note(run, "closed: %s%s", why, hint_of(self, code));
    }
    bench_link_cut(self);
}

/* ------------------------------------------------------------- sending */

static void want_write(struct bench_link *self, bool wanted)
{
    if (self->wants_write == wanted)
        return;
    struct epoll_event event = {
        .events = EPOLLIN | (wanted ? EPOLLOUT : 0u),
        .data.ptr = self,
    };
    epoll_ctl(self->worker->epoll_fd, EPOLL_CTL_MOD, self->fd, &event);
    self->wants_write = wanted;
}

/* Like send(2), but with AGAIN and FAILED as in bench_tls. */
static ssize_t write_some(struct bench_link *self, const void *data, size_t len)
{
    if (self->tls)
        return bench_tls_write(self->tls, data, len);
    ssize_t sent = send(self->fd, data, len, MSG_NOSIGNAL);
    if (sent >= 0)
        return sent;
    return errno == EAGAIN ? BENCH_TLS_AGAIN : BENCH_TLS_FAILED;
}

void bench_link_flush(struct bench_link *self)
{
    if (self->fd < 0 || self->state == BENCH_LINK_SECURING)
        return;
    while (self->out_sent < self->out_len) {
        ssize_t sent = write_some(self, self->out + self->out_sent,
                                  self->out_len - self->out_sent);
        if (sent == BENCH_TLS_AGAIN) {
            want_write(self, true);
            return;
        }
        if (sent < 0) {
            bench_link_fail(self, 0, bench_link_trouble(self));
            return;
        }
        self->out_sent += (size_t)sent;
        bench_count(&self->worker->counts.bytes_out, (uint64_t)sent);
    }
    self->out_len = self->out_sent = 0;
    want_write(self, false);
}

static unsigned char *reserve(struct bench_link *self, size_t more)
{
    if (self->out_len + more > self->out_room) {
        size_t room = (self->out_len + more) * 2;
        unsigned char *bigger = realloc(self->out, room);
        if (!bigger)
            abort();
        self->out = bigger;
        self->out_room = room;
    }
    return self->out + self->out_len;
}

static void mark_dirty(struct bench_link *self)
{
    struct bench_worker *worker = self->worker;

    if (self->is_dirty)
        return;
    self->is_dirty = true;
    worker->dirty[worker->dirty_count++] = self;
}

void bench_link_send(struct bench_link *self, enum bench_opcode opcode,
                     const void *data, size_t len)
{
    if (self->fd < 0)
        return;
    uint32_t mask = (uint32_t)bench_worker_random(self->worker);
    unsigned char *out = reserve(self, len + BENCH_FRAME_HEAD);
    self->out_len += bench_frame_write(out, opcode, mask, data, len);
    mark_dirty(self);
}

void bench_link_send_raw(struct bench_link *self, const void *data, size_t len)
{
    if (self->fd < 0)
        return;
    memcpy(reserve(self, len), data, len);
    self->out_len += len;
    mark_dirty(self);
}

const char *bench_link_trouble(const struct bench_link *self)
{
    if (self->tls)
        return bench_tls_trouble();
    return errno ? strerror(errno) : "the server hung up";
}

void bench_link_publish(struct bench_link *self, uint32_t stream,
                        uint32_t sequence, uint64_t due)
{
    struct bench_stamp stamp = {run_of(self)->id, stream, sequence, due};

    bench_script_stamp(&self->script, &stamp);
    bench_link_send(self, BENCH_TEXT, self->script.text, self->script.len);
    bench_count(&self->worker->counts.published, 1);
}

void bench_link_leave(struct bench_link *self)
{
    static const unsigned char normal[2] = {1000 >> 8, 1000 & 255};

    if (self->state == BENCH_LINK_LEAVING)
        return;
    if (self->state != BENCH_LINK_OPEN || run_of(self)->scenario->answered) {
        bench_link_cut(self);
        return;
    }
    bench_link_send(self, BENCH_CLOSE, normal, sizeof normal);
    self->state = BENCH_LINK_LEAVING;
}

/* ------------------------------------------------------------- opening */

static bool queue_request(struct bench_link *self)
{
    struct bench_run *run = run_of(self);

    if (run->scenario->answered) {
        bench_link_send_raw(self, self->script.text, self->script.len);
        return true;
    }
    char *out = (char *)reserve(self, BENCH_REQUEST_MAX);
    size_t len =
        bench_upgrade_write(&run->options, self->target, &self->worker->key,
                            self->number, self->room, out);

    self->out_len += len;
    return len > 0;
}

static bool connect_socket(struct bench_link *self)
{
    const struct bench_target *target = self->target;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = self};

    self->fd = bench_target_socket(target, self->number);
    if (self->fd < 0)
        return false;
    if (connect(self->fd, (const struct sockaddr *)&target->address,
                target->address_len) < 0 &&
        errno != EINPROGRESS)
        return false;
    return epoll_ctl(self->worker->epoll_fd, EPOLL_CTL_ADD, self->fd, &event) ==
           0;
}

static void secure(struct bench_link *self)
{
    char why[BENCH_NOTE_LEN];
    int done = bench_tls_handshake(self->tls);

    if (done == BENCH_TLS_FAILED) {
        snprintf(why, sizeof why, "TLS: %s", bench_link_trouble(self));
        bench_link_fail(self, 0, why);
        return;
    }
    if (done == BENCH_TLS_AGAIN) {
        want_write(self, false);
        return;
    }
    self->state = BENCH_LINK_UPGRADING;
    bench_link_flush(self);
}

void bench_link_open(struct bench_link *self, uint64_t due)
{
    struct bench_run *run = run_of(self);

    self->due = due;
    self->begun_at = bench_now();
    self->wants_write = false;
    self->state = BENCH_LINK_UPGRADING;
    self->worker->opening++;
    bench_count(&self->worker->counts.begun, 1);
    if (!connect_socket(self) || !queue_request(self)) {
        bench_link_fail(self, 0, strerror(errno));
        return;
    }
    if (!self->target->tls) {
        /* On loopback the connection is usually established already. */
        bench_link_flush(self);
        return;
    }
    self->tls = bench_tls_new(run->tls, self->fd);
    self->state = BENCH_LINK_SECURING;
    want_write(self, true);
}

void bench_link_become_open(struct bench_link *self)
{
    struct bench_worker *worker = self->worker;

    self->state = BENCH_LINK_OPEN;
    worker->opening--;
    bench_count(&worker->counts.ready, 1);
    if (worker->phase == BENCH_OPENING)
        histogram_record(&worker->handshake, bench_now() - self->due);
    if (worker->run->scenario->ready)
        worker->run->scenario->ready(self);
}

static void send_join(struct bench_link *self, const char *auth)
{
    const struct bench_options *options = &run_of(self)->options;
    struct bench_blanks blanks = {self->number, self->room, NULL, auth};
    char text[2048];

    if (bench_text_expand(options->join, &blanks, text, sizeof text))
        bench_link_send(self, BENCH_TEXT, text, strlen(text));
    self->state = BENCH_LINK_JOINING;
    if (!*options->joined)
        bench_link_become_open(self);
}

void bench_link_join(struct bench_link *self)
{
    const struct bench_options *options = &run_of(self)->options;

    if (!*options->join)
        bench_link_become_open(self);
    else if (*options->sign)
        self->state = BENCH_LINK_JOINING;
    else
        send_join(self, NULL);
}

void bench_link_join_signed(struct bench_link *self, const char *text,
                            size_t len)
{
    const struct bench_options *options = &run_of(self)->options;
    struct bench_blanks blanks = {self->number, self->room, NULL, NULL};
    char channel[256];
    char auth[BENCH_SIGN_MAX];

    if (bench_text_expand(options->sign, &blanks, channel, sizeof channel) &&
        bench_sign_make(options->sign_secret, text, len, channel, auth))
        send_join(self, auth);
}

void bench_link_on_event(struct bench_link *self, uint32_t events)
{
    if (self->fd < 0)
        return;
    if (self->state == BENCH_LINK_SECURING)
        secure(self);
    else if (events & EPOLLOUT)
        bench_link_flush(self);
    if (self->fd >= 0 && self->state != BENCH_LINK_SECURING &&
        (events & ~(uint32_t)EPOLLOUT))
        bench_reader_read(self);
}
