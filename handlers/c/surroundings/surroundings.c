// Reports what an ordinary C library finds around it: the restricted WASI, seen through stdio, time and files. One line
// for each thing tried. `?exit` in the target ends the program with code 3 instead of answering.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

#include "framewright.h"
#include "text.h"

static void report(struct text *text, const char *what, const char *finding) {
    text_put(text, what);
    text_put(text, ": ");
    text_put(text, finding);
    text_put(text, "\n");
}

static void report_number(struct text *text, const char *what, uint64_t number) {
    text_put(text, what);
    text_put(text, ": ");
    text_number(text, number);
    text_put(text, "\n");
}

// Counts, and leaves out the contents, as there should be none.
static void arguments_and_environment(struct text *text) {
    __wasi_size_t count = 0, size = 0;
    report(text, "arguments", __wasi_args_sizes_get(&count, &size) == 0 ? "readable" : "refused");
    report_number(text, "argument count", count);
    count = 0;
    report(text, "environment", __wasi_environ_sizes_get(&count, &size) == 0 ? "readable" : "refused");
    report_number(text, "variable count", count);
}

static void clocks(struct text *text) {
    struct timespec before, after, nap = {0, 20 * 1000 * 1000};
    report(text, "wall clock", time(NULL) > 1700000000 ? "past 2023" : "wrong");
    clock_gettime(CLOCK_MONOTONIC, &before);
    int slept = nanosleep(&nap, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    int64_t passed = (after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec;
    report(text, "sleep of 20 ms", slept == 0 && passed >= 20 * 1000 * 1000 ? "slept" : "did not sleep");
}

static void randomness(struct text *text) {
    uint8_t one[16] = {0}, other[16] = {0};
    int failed = getentropy(one, sizeof one) | getentropy(other, sizeof other);
    report(text, "random numbers", failed == 0 && memcmp(one, other, sizeof one) != 0 ? "differ" : "wrong");
}

static void files(struct text *text) {
    static const char *const paths[] = {"/", ".", "/etc/passwd", "surroundings.c", "../../Cargo.toml"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int opened = open(paths[i], O_RDONLY);
        report(text, paths[i], opened < 0 ? "refused" : "opened");
        DIR *folder = opendir(paths[i]);
        report(text, paths[i], folder == NULL ? "not listed" : "listed");
    }
    FILE *made = fopen("made.txt", "w");
    report(text, "writing made.txt", made == NULL ? "refused" : "opened");
    char octet;
    report(text, "standard input", read(0, &octet, 1) == 0 ? "at its end" : "not at its end");
}

static bool surroundings(fw_request request, fw_response response) {
    fw_octets target;
    framewright_handler_types_method_request_path_with_query(request, &target);
    if (target.len >= 5 && memcmp(target.ptr + target.len - 5, "?exit", 5) == 0)
        exit(3);

    struct text text = {0};
    arguments_and_environment(&text);
    clocks(&text);
    randomness(&text);
    files(&text);
    report(&text, "standard output", printf("a line on standard output\n") > 0 && fflush(stdout) == 0 ? "ok" : "refused");
    report(&text, "standard error", fprintf(stderr, "a line on standard error\n") > 0 ? "ok" : "refused");

    char length[24];
    snprintf(length, sizeof length, "%zu", text.length);
    fw_field fields[] = {fw_line("content-type", "text/plain"), fw_line("content-length", length)};
    fw_octets answer = {text.octets, text.length};
    return fw_send_headers(response, 200, fields, 2, false) && fw_send_data(response, answer, true);
}

FW_HANDLER(surroundings)
