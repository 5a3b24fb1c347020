// Answers with what arrived: request head, content and connection facts, as one JSON object.
//
// Octets become a string of the code points with the same numbers (isomorphic decoding, Infra Standard §4.5), so that
// any octets, UTF-8 or not, come out unchanged. Content is read to its end before the answer starts; the first mebibyte
// of it is shown, all of it is counted. The answer is the same as that of rust/echo.

#include "framewright.h"
#include "text.h"

// Octets of content kept for the answer.
#define MOST_SHOWN (1 << 20)

struct content {
    struct text shown;
    uint64_t octets;
    fw_fields trailers;
};

static bool read_content(fw_request request, struct content *content) {
    fw_event event;
    while (fw_read(request, &event)) {
        switch (event.tag) {
        case FW_DATA: {
            size_t room = MOST_SHOWN - content->shown.length;
            fw_octets data = event.val.data;
            text_add(&content->shown, data.ptr, data.len < room ? data.len : room);
            content->octets += data.len;
            handler_list_u8_free(&event.val.data);
            break;
        }
        case FW_TRAILERS:
            content->trailers = event.val.trailers;
            break;
        default:
            return true;
        }
    }
    return false;
}

static void add_fields(struct text *json, fw_fields fields) {
    text_put(json, "[");
    for (size_t i = 0; i < fields.len; i++) {
        text_put(json, i == 0 ? "[" : ",[");
        text_quote(json, fields.ptr[i].name.ptr, fields.ptr[i].name.len);
        text_put(json, ",");
        text_quote(json, fields.ptr[i].value.ptr, fields.ptr[i].value.len);
        text_put(json, "]");
    }
    text_put(json, "]");
}

static void add_head(struct text *json, fw_request request) {
    static const char *const versions[] = {"HTTP/1.0", "HTTP/1.1", "HTTP/2"};
    fw_octets octets;
    handler_string_t scheme;
    fw_fields fields;

    framewright_handler_types_method_request_method(request, &octets);
    text_put(json, "\"method\":");
    text_quote(json, octets.ptr, octets.len);
    framewright_handler_types_method_request_scheme(request, &scheme);
    text_put(json, ",\"scheme\":");
    text_quote(json, scheme.ptr, scheme.len);
    text_put(json, ",\"authority\":");
    if (framewright_handler_types_method_request_authority(request, &octets))
        text_quote(json, octets.ptr, octets.len);
    else
        text_put(json, "null");
    framewright_handler_types_method_request_path_with_query(request, &octets);
    text_put(json, ",\"path\":");
    text_quote(json, octets.ptr, octets.len);
    const char *version = versions[framewright_handler_types_method_request_version(request)];
    text_put(json, ",\"version\":");
    text_quote(json, (const uint8_t *)version, strlen(version));
    framewright_handler_types_method_request_fields(request, &fields);
    text_put(json, ",\"fields\":");
    add_fields(json, fields);
}

static void add_endpoint(struct text *json, const char *key, fw_endpoint end) {
    text_put(json, key);
    text_put(json, "{\"address\":");
    text_quote(json, end.address.ptr, end.address.len);
    text_put(json, ",\"port\":");
    text_number(json, end.port);
    text_put(json, "}");
}

static void add_connection(struct text *json, fw_request request) {
    fw_connection facts;
    framewright_handler_types_method_request_connection(request, &facts);
    text_put(json, "{\"id\":");
    text_number(json, facts.connection_id);
    text_put(json, ",\"stream\":");
    if (facts.stream_id.is_some)
        text_number(json, facts.stream_id.val);
    else
        text_put(json, "null");
    add_endpoint(json, ",\"peer\":", facts.peer);
    add_endpoint(json, ",\"local\":", facts.local);
    text_put(json, ",\"tls\":");
    if (!facts.tls.is_some) {
        text_put(json, "null}");
        return;
    }
    text_put(json, "{\"version\":");
    text_quote(json, facts.tls.val.version.ptr, facts.tls.val.version.len);
    text_put(json, ",\"alpn\":");
    if (facts.tls.val.alpn.is_some)
        text_quote(json, facts.tls.val.alpn.val.ptr, facts.tls.val.alpn.val.len);
    else
        text_put(json, "null");
    text_put(json, ",\"sni\":");
    if (facts.tls.val.sni.is_some)
        text_quote(json, facts.tls.val.sni.val.ptr, facts.tls.val.sni.val.len);
    else
        text_put(json, "null");
    text_put(json, "}}");
}

static bool echo(fw_request request, fw_response response) {
    struct content content = {0};
    if (!read_content(request, &content))
        return false;

    struct text json = {0};
    text_put(&json, "{");
    add_head(&json, request);
    text_put(&json, ",\"content\":");
    text_quote(&json, content.shown.octets, content.shown.length);
    text_put(&json, ",\"content_octets\":");
    text_number(&json, content.octets);
    text_put(&json, ",\"trailers\":");
    add_fields(&json, content.trailers);
    text_put(&json, ",\"connection\":");
    add_connection(&json, request);
    text_put(&json, "}\n");

    struct text length = {0};
    text_number(&length, json.length);
    fw_field fields[] = {fw_line("content-type", "application/json"),
                         {fw_text("content-length"), {length.octets, length.length}}};
    fw_octets answer = {json.octets, json.length};
    return fw_send_headers(response, 200, fields, 2, false) && fw_send_data(response, answer, true);
}

FW_HANDLER(echo)
