// Answers every request with one line of text: the smallest complete handler.

#include "framewright.h"

static bool hello(fw_request request, fw_response response) {
    (void)request;
    fw_field fields[] = {fw_line("content-type", "text/plain; charset=utf-8"), fw_line("content-length", "14")};
    return fw_send_headers(response, 200, fields, 2, false) && fw_send_data(response, fw_text("Hello, world!\n"), true);
}

FW_HANDLER(hello)
