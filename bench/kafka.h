// What the twins of the Kafka rows share.
#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/// There when allocations.c was preloaded.
extern volatile uint64_t bench_allocation_count __attribute__((weak));

/// A measurement under way.
struct span {
    double start;
    uint64_t allocations;
};

static double now_s(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t allocations(void) { return &bench_allocation_count ? bench_allocation_count : 0; }

static struct span span_begin(void) { return (struct span){now_s(), allocations()}; }

/// Prints messages a second and allocations a message.
static void span_end(struct span span, int64_t count) {
    double taken = now_s() - span.start;
    printf("%.0f %.3f\n", (double)count / taken, (double)(allocations() - span.allocations) / (double)count);
}

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/// A client of `settings`, pairs of name and value that end with NULL.
static rd_kafka_t *start(rd_kafka_type_t type, rd_kafka_conf_t *conf, const char *servers, const char *const *settings) {
    char text[512];
    if (rd_kafka_conf_set(conf, "bootstrap.servers", servers, text, sizeof text) != RD_KAFKA_CONF_OK) fail(text);
    for (; *settings; settings += 2)
        if (rd_kafka_conf_set(conf, settings[0], settings[1], text, sizeof text) != RD_KAFKA_CONF_OK) fail(text);
    rd_kafka_t *client = rd_kafka_new(type, conf, text, sizeof text);
    if (!client) fail(text);
    return client;
}
