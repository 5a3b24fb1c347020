// Text that grows: octets appended to memory, plain or as a JSON string.

#ifndef TEXT_H
#define TEXT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct text {
    uint8_t *octets;
    size_t length, room;
};

// Traps when memory runs out, as the host's limit is meant to end the exchange.
static inline void text_add(struct text *text, const uint8_t *octets, size_t count) {
    if (count > text->room - text->length) {
        size_t room = 2 * text->room + count + 256;
        uint8_t *larger = realloc(text->octets, room);
        if (larger == NULL)
            abort();
        text->octets = larger;
        text->room = room;
    }
    if (count > 0)
        memcpy(text->octets + text->length, octets, count);
    text->length += count;
}

static inline void text_put(struct text *text, const char *plain) {
    text_add(text, (const uint8_t *)plain, strlen(plain));
}

// In decimal. Not by snprintf(): stdio alone would make WASI a part of the component, and double its size.
static inline void text_number(struct text *text, uint64_t number) {
    char digits[21] = "";
    char *first = digits + sizeof digits - 1;
    do
        *--first = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    text_put(text, first);
}

// A JSON string (RFC 8259 §7) of the code points U+0000 to U+00FF that have the octets' numbers.
static inline void text_quote(struct text *text, const uint8_t *octets, size_t count) {
    static const char digits[] = "0123456789abcdef";
    text_put(text, "\"");
    for (size_t i = 0; i < count; i++) {
        uint8_t octet = octets[i];
        if (octet == '"' || octet == '\\')
            text_put(text, "\\");
        if (octet >= ' ' && octet <= '~') {
            text_add(text, &octet, 1);
        } else {
            uint8_t escape[] = {'\\', 'u', '0', '0', (uint8_t)digits[octet >> 4], (uint8_t)digits[octet & 15]};
            text_add(text, escape, sizeof escape);
        }
    }
    text_put(text, "\"");
}

#endif
