#include "protocols/peal/broadcast_list.h"

#include "messaging/connection.h"
#include "protocols/peal/broadcast_answer.h"

void broadcast_append_messages(struct buffer *out,
                               const struct request *request)
{
    for (size_t i = 0; i < request->message_count; i++) {
        if (i || request->is_continued)
            buffer_append_char(out, ',');
        broadcast_encoding.encode(request->messages[i], out);
    }
}

/* A long answer is written in parts, which continue its final list. */
static void end_list(struct connection *connection, struct buffer *out,
                     const struct request *request)
{
    if (request->has_more) {
        connection_reply_end_part(connection, PAYLOAD_TEXT, request);
        return;
    }
    buffer_append_char(out, ']');
    if (!request->is_continued) {
        broadcast_end(connection, out, request->id);
        return;
    }
    broadcast_append_id(out, request->id);
    connection_reply_end_part(connection, PAYLOAD_TEXT, request);
}

static struct buffer *begin_history(struct connection *connection,
                                    const struct request *request)
{
    struct buffer *out = broadcast_begin(connection, "history");
    broadcast_append_string(out, "channel", bytes_of(request->channel));
    broadcast_append_position(out, request->position);
    buffer_append_text(out, ",\"messages\":[");
    return out;
}

void broadcast_answer_history(struct connection *connection,
                              const struct request *request)
{
    struct buffer *out = request->is_continued
                             ? connection_reply_begin(connection)
                             : begin_history(connection, request);
    broadcast_append_messages(out, request);
    end_list(connection, out, request);
}

static struct buffer *begin_presence(struct connection *connection,
                                     const struct request *request)
{
    struct buffer *out = broadcast_begin(connection, "presence");
    broadcast_append_string(out, "channel", bytes_of(request->channel));
    broadcast_append_number(out, "count", request->member_total);
    buffer_append_text(out, ",\"clients\":[");
    return out;
}

void broadcast_answer_presence(struct connection *connection,
                               const struct request *request)
{
    struct buffer *out = request->is_continued
                             ? connection_reply_begin(connection)
                             : begin_presence(connection, request);
    for (size_t i = 0; i < request->member_count; i++) {
        const struct member_count *member = &request->members[i];
        if (i || request->is_continued)
            buffer_append_char(out, ',');
        buffer_append_text(out, "{\"client\":");
        buffer_append_json_string(out, bytes_of(member->client));
        broadcast_append_number(out, "connections", member->connections);
        if (member->info)
            broadcast_append_member(out, "info", bytes_of(member->info));
        buffer_append_char(out, '}');
    }
    end_list(connection, out, request);
}
