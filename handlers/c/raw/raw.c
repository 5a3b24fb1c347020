// Breaks rules on purpose, octet for octet as tests/frames/same.frames does.
//
// HTTP/2: a field block cut after its first octet (RFC 9113 §6.10, allowed and rare), a padded frame (§6.1). HTTP/1.1:
// bare LF and two lengths (RFC 9112 §2.2, §6.3).

#include "framewright.h"

static bool send(framewright_handler_raw_body_t body) {
    framewright_handler_raw_frame_t frame = {.stream_id = {.is_some = false}, .body = body};
    return fw_send_frames(&frame, 1);
}

static bool send_head(void) {
    fw_instruction block[] = {fw_literal(":status", "200")};
    uint32_t split[] = {1};
    framewright_handler_raw_body_t body = {.tag = FRAMEWRIGHT_HANDLER_RAW_BODY_HEADERS};
    body.val.headers.block = (framewright_handler_raw_list_instruction_t){block, 1};
    body.val.headers.split = (handler_list_u32_t){split, 1};
    body.val.headers.end_headers = true;
    return send(body);
}

static bool send_data(const char *text, handler_option_u8_t padding, bool end_stream) {
    framewright_handler_raw_body_t body = {.tag = FRAMEWRIGHT_HANDLER_RAW_BODY_DATA};
    body.val.data = (framewright_handler_raw_data_t){fw_text(text), padding, end_stream};
    return send(body);
}

static bool misbehave(fw_request request, fw_response response) {
    (void)response;
    if (framewright_handler_types_method_request_version(request) != FRAMEWRIGHT_HANDLER_TYPES_VERSION_HTTP2)
        return fw_send_octets(fw_text("HTTP/1.1 200 OK\nContent-Length: 3\nContent-Length: 3\n\none")) &&
               fw_close(FRAMEWRIGHT_HANDLER_RAW_HOW_HALF_CLOSE);
    handler_option_u8_t three = {.is_some = true, .val = 3};
    handler_option_u8_t none = {.is_some = false};
    return send_head() && send_data("one", three, false) && send_data("two", none, true);
}

FW_HANDLER(misbehave)
