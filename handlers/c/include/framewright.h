// Shorter names for the contract's C bindings, and FW_HANDLER, which exports one function as the handler.
//
// `handler.h` is generated from wit/ when a handler is built; its comments document every function. Each call looks
// synchronous, and the host suspends the handler where it must wait. A handler's instance and all its memory are
// discarded when it returns, so what a call gave need not be freed unless there is much of it.

#ifndef FRAMEWRIGHT_H
#define FRAMEWRIGHT_H

#include <string.h>

#include "handler.h"

typedef framewright_handler_types_borrow_request_t fw_request;
typedef framewright_handler_types_borrow_response_writer_t fw_response;
typedef framewright_handler_types_field_t fw_field;
typedef framewright_handler_types_list_field_t fw_fields;
typedef framewright_handler_types_content_event_t fw_event;
typedef framewright_handler_types_read_error_t fw_read_error;
typedef framewright_handler_types_write_error_t fw_write_error;
typedef framewright_handler_types_connection_facts_t fw_connection;
typedef framewright_handler_types_endpoint_t fw_endpoint;
typedef handler_list_u8_t fw_octets;

enum { FW_DATA, FW_TRAILERS, FW_END };

static inline fw_octets fw_text(const char *text) {
    return (fw_octets){(uint8_t *)text, strlen(text)};
}

static inline fw_field fw_line(const char *name, const char *value) {
    return (fw_field){fw_text(name), fw_text(value)};
}

// The next piece of content; waits as long as it takes. False if the peer reset the stream or sent nonsense.
static inline bool fw_read(fw_request request, fw_event *event) {
    fw_read_error error;
    return framewright_handler_types_method_request_read(request, 0, NULL, event, &error);
}

// The steps of a response. False if the step was refused, or the peer is gone.
static inline bool fw_send_headers(fw_response response, uint16_t status, fw_field *fields, size_t count, bool end) {
    fw_write_error error;
    fw_fields list = {fields, count};
    return framewright_handler_types_method_response_writer_send_headers(response, status, &list, end, &error);
}

static inline bool fw_send_data(fw_response response, fw_octets octets, bool end) {
    fw_write_error error;
    return framewright_handler_types_method_response_writer_send_data(response, &octets, end, &error);
}

// The raw door: any frames, any octets. False if there is no connection of the right protocol any more.
typedef framewright_handler_raw_instruction_t fw_instruction;

// A literal line of a field block, which leaves the peer's dynamic table alone (RFC 7541 §6.2.2).
static inline fw_instruction fw_literal(const char *name, const char *value) {
    fw_instruction line = {.tag = FRAMEWRIGHT_HANDLER_RAW_INSTRUCTION_LITERAL};
    line.val.literal = (framewright_handler_raw_literal_t){
        fw_text(name), fw_text(value), FRAMEWRIGHT_HANDLER_RAW_INDEXING_WITHOUT_INDEXING, false};
    return line;
}

static inline bool fw_send_frames(framewright_handler_raw_frame_t *frames, size_t count) {
    framewright_handler_raw_raw_error_t error;
    framewright_handler_raw_list_frame_t list = {frames, count};
    return framewright_handler_raw_send_frames(&list, &error);
}

static inline bool fw_send_octets(fw_octets octets) {
    framewright_handler_raw_raw_error_t error;
    return framewright_handler_raw_send_octets(&octets, &error);
}

static inline bool fw_close(framewright_handler_raw_how_t how) {
    framewright_handler_raw_raw_error_t error;
    return framewright_handler_raw_close(how, &error);
}

static inline void fw_log(const char *message) {
    handler_string_t line = {(uint8_t *)message, strlen(message)};
    framewright_handler_log_log(FRAMEWRIGHT_HANDLER_LOG_LEVEL_WARN, &line);
}

// Exports `function`, a `bool (fw_request, fw_response)`, as the handler. False is logged.
#define FW_HANDLER(function)                                                                                           \
    void exports_framewright_handler_incoming_handler_handle(                                                          \
        exports_framewright_handler_incoming_handler_own_request_t request,                                            \
        exports_framewright_handler_incoming_handler_own_response_writer_t response) {                                 \
        if (!function(framewright_handler_types_borrow_request(request),                                               \
                      framewright_handler_types_borrow_response_writer(response)))                                     \
            fw_log(#function " stopped before its response was complete");                                             \
    }

#endif
