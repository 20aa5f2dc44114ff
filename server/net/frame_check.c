#include "net/frame_check.h"

#include "messaging/frame.h"

enum { CONTROL_MAX = 125, MASK_LEN = 4 };

/* The first bytes of a frame. */
struct head {
    uint8_t opcode;
    bool is_final;
    size_t len; /* with the length's field and the mask */
    uint64_t payload_len;
};

static uint64_t read_number(const uint8_t *at, size_t len)
{
    uint64_t number = 0;
    while (len--)
        number = number << 8 | *at++;
    return number;
}

static bool is_control(const struct head *head)
{
    return head->opcode & 8;
}

/* RFC 6455 section 5.2: reserved bits are 0 as no extension was agreed on,
 * and most opcodes are reserved; 5.4: fragments of one message follow each
 * other; 5.5: a control frame is not fragmented. */
static bool first_byte_is_good(const struct frame_check *check, uint8_t byte,
                               struct head *head)
{
    head->opcode = byte & 0x0f;
    head->is_final = byte & 0x80;
    if (byte & 0x70)
        return false;
    switch (head->opcode) {
    case FRAME_CONTINUATION:
        return check->in_message;
    case FRAME_TEXT:
    case FRAME_BINARY:
        return !check->in_message;
    case FRAME_CLOSE:
    case FRAME_PING:
    case FRAME_PONG:
        return head->is_final;
    default:
        return false;
    }
}

/* RFC 6455 section 5.1: a client masks; 5.5: a control frame is short; 5.5.1:
 * a close frame has no body, or a code of two bytes in it. */
static bool second_byte_is_good(uint8_t byte, struct head *head)
{
    uint8_t len = byte & 0x7f;
    size_t field = len == 127 ? 8 : len == 126 ? 2 : 0;
    head->len = 2 + field + MASK_LEN;
    head->payload_len = len;
    if (is_control(head) && len > CONTROL_MAX)
        return false;
    return byte & 0x80 && !(head->opcode == FRAME_CLOSE && len == 1);
}

/* RFC 6455 section 5.2: the shortest field that will do, and no top bit. */
static bool length_is_good(const uint8_t *data, struct head *head)
{
    if (head->payload_len <= CONTROL_MAX)
        return true;
    size_t field = head->len - 2 - MASK_LEN;
    head->payload_len = read_number(data + 2, field);
    if (field == 2)
        return head->payload_len > CONTROL_MAX;
    return head->payload_len > UINT16_MAX && !(head->payload_len >> 63);
}

enum seen { GOOD, CUT, BAD };

static enum seen read_head(const struct frame_check *check, const uint8_t *data,
                           size_t len, struct head *head)
{
    if (!first_byte_is_good(check, data[0], head))
        return BAD;
    if (len < 2)
        return CUT;
    if (!second_byte_is_good(data[1], head))
        return BAD;
    /* the mask may follow later, but the length is judged at once */
    if (len < head->len - MASK_LEN)
        return CUT;
    if (!length_is_good(data, head))
        return BAD;
    size_t whole = head->len + (is_control(head) ? head->payload_len : 0);
    return len < whole ? CUT : GOOD;
}

static void take_ping(uint8_t *data, const struct head *head,
                      frame_check_ping *on_ping, void *arg)
{
    char payload[CONTROL_MAX];
    const uint8_t *mask = data + head->len - MASK_LEN;
    for (size_t i = 0; i < head->payload_len; i++)
        payload[i] = (char)(data[head->len + i] ^ mask[i % MASK_LEN]);
    on_ping(arg, (struct bytes){payload, head->payload_len});
    data[0] = 0x80 | FRAME_PONG;
}

static void take_close(struct frame_check *check, const uint8_t *data,
                       const struct head *head)
{
    const uint8_t *mask = data + head->len - MASK_LEN;
    const uint8_t *body = data + head->len;
    check->is_over = true;
    if (head->payload_len >= 2)
        check->close_code =
            (uint16_t)((body[0] ^ mask[0]) << 8 | (body[1] ^ mask[1]));
}

/* How many bytes of the frame are there. */
static size_t take_frame(struct frame_check *check, uint8_t *data, size_t len,
                         const struct head *head, frame_check_ping *on_ping,
                         void *arg)
{
    if (head->opcode == FRAME_PING)
        take_ping(data, head, on_ping, arg);
    if (head->opcode == FRAME_CLOSE)
        take_close(check, data, head);
    if (is_control(head))
        return head->len + head->payload_len;
    check->in_message = !head->is_final;
    uint64_t there = len - head->len;
    if (there > head->payload_len)
        there = head->payload_len;
    check->payload_left = head->payload_len - there;
    return head->len + there;
}

static size_t skip_payload(struct frame_check *check, size_t len)
{
    size_t skip = check->payload_left < len ? check->payload_left : len;
    check->payload_left -= skip;
    return skip;
}

size_t frame_check(struct frame_check *check, char *data, size_t len,
                   frame_check_ping *on_ping, void *arg)
{
    size_t at = skip_payload(check, len);
    while (at < len && !check->is_over) {
        uint8_t *frame = (uint8_t *)data + at;
        struct head head;
        enum seen seen = read_head(check, frame, len - at, &head);
        check->is_broken = seen == BAD;
        if (seen != GOOD)
            return at;
        at += take_frame(check, frame, len - at, &head, on_ping, arg);
    }
    return at;
}
