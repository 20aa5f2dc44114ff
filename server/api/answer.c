#include "api/answer.h"

#include "api/files.h"

const struct answer_status answer_statuses[ANSWER_STATUSES] = {
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {304, "Not Modified"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

size_t answer_find_status(int status)
{
    size_t i = 0;
    while (i < ANSWER_STATUSES && answer_statuses[i].status != status)
        i++;
    return i;
}

const char *api_status_text(int status)
{
    size_t index = answer_find_status(status);
    return index < ANSWER_STATUSES ? answer_statuses[index].text : "Status";
}

void api_response_deinit(struct api_response *response)
{
    buffer_deinit(&response->text);
    buffer_deinit(&response->headers);
}

void answer_set_json(struct api_response *response, int status)
{
    response->status = status;
    response->content_type = "application/json";
    response->body = buffer_bytes(&response->text);
}

void answer_set_error(struct api_response *response, int status,
                      const char *error)
{
    buffer_append_text(&response->text, "{\"error\":");
    buffer_append_json_string(&response->text, bytes_of(error));
    buffer_append_char(&response->text, '}');
    answer_set_json(response, status);
}

void answer_add_header(struct api_response *response, const char *name,
                       struct bytes value)
{
    buffer_append_text(&response->headers, name);
    buffer_append_text(&response->headers, ": ");
    buffer_append(&response->headers, value);
    buffer_append_text(&response->headers, "\r\n");
}

/* RFC 9110 section 13.1.2: a list of tags, compared without W/. */
static bool tag_is_listed(struct bytes list, const char *tag)
{
    return bytes_equal(list, BYTES_LITERAL("*")) ||
           (list.len && memmem(list.data, list.len, tag, strlen(tag)));
}

void answer_set_file(struct api_response *response, const struct file *file,
                     struct bytes if_none_match)
{
    answer_add_header(response, "ETag", bytes_of(file->etag));
    answer_add_header(response, "Cache-Control", BYTES_LITERAL("no-cache"));
    if (tag_is_listed(if_none_match, file->etag)) {
        response->status = 304;
        return;
    }
    response->status = 200;
    response->content_type = file->content_type;
    response->body = file->content;
}
