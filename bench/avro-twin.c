// Encodes and decodes the record of `avro.encode` and `avro.decode`, a QuizSubmitted, in C, for comparison with the Swift codec. Like the
// Swift codec it allocates a message for each record and a string for each id, checks every length, and validates ids. Prints one line per
// measurement: name and nanoseconds per operation.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 11, REPEATS = 200000 };

struct quiz_submitted {
    char *submission_id, *quiz_id, *course_id, *user_id;
    int32_t attempt;
    double score, max_score, percent;
    bool passed;
    int64_t submitted_at;
    char *lesson_id; // NULL where there is none
};

struct reader {
    const uint8_t *next, *end;
    bool failed;
};

static uint8_t *write_long(uint8_t *out, int64_t value) {
    uint64_t rest = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    while (rest > 0x7f) {
        *out++ = (uint8_t)rest | 0x80;
        rest >>= 7;
    }
    *out++ = (uint8_t)rest;
    return out;
}

static uint8_t *write_text(uint8_t *out, const char *text) {
    size_t count = strlen(text);
    out = write_long(out, (int64_t)count);
    memcpy(out, text, count);
    return out + count;
}

static uint8_t *write_double(uint8_t *out, double value) {
    memcpy(out, &value, sizeof value);
    return out + sizeof value;
}

// The message is the caller's to free.
static uint8_t *encode(const struct quiz_submitted *quiz, size_t *count) {
    size_t room = 74 + strlen(quiz->submission_id) + strlen(quiz->quiz_id) + strlen(quiz->course_id) + strlen(quiz->user_id)
        + (quiz->lesson_id ? strlen(quiz->lesson_id) : 0);
    uint8_t *message = malloc(room);
    if (!message) return NULL;
    uint8_t *out = message;
    out = write_text(out, quiz->submission_id);
    out = write_text(out, quiz->quiz_id);
    out = write_text(out, quiz->course_id);
    out = write_text(out, quiz->user_id);
    out = write_long(out, quiz->attempt);
    out = write_double(out, quiz->score);
    out = write_double(out, quiz->max_score);
    out = write_double(out, quiz->percent);
    *out++ = quiz->passed;
    out = write_long(out, quiz->submitted_at);
    out = write_long(out, quiz->lesson_id != NULL);
    if (quiz->lesson_id) out = write_text(out, quiz->lesson_id);
    *count = (size_t)(out - message);
    return message;
}

static int64_t read_long(struct reader *in) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (in->next == in->end) break;
        uint8_t byte = *in->next++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
    }
    in->failed = true;
    return 0;
}

static char *read_id(struct reader *in, const char *prefix) {
    int64_t count = read_long(in);
    if (in->failed || count < 5 || count > 68 || count > in->end - in->next || memcmp(in->next, prefix, 4) != 0) {
        in->failed = true;
        return NULL;
    }
    for (int64_t index = 4; index < count; index++) {
        uint8_t byte = in->next[index];
        if ((uint8_t)(byte - 'a') >= 26 && (uint8_t)(byte - '0') >= 10) {
            in->failed = true;
            return NULL;
        }
    }
    char *text = malloc((size_t)count + 1);
    if (!text) abort();
    memcpy(text, in->next, (size_t)count);
    text[count] = 0;
    in->next += count;
    return text;
}

static double read_double(struct reader *in) {
    double value = 0;
    if (in->end - in->next < (ptrdiff_t)sizeof value) {
        in->failed = true;
        return 0;
    }
    memcpy(&value, in->next, sizeof value);
    in->next += sizeof value;
    return value;
}

static bool read_bool(struct reader *in) {
    if (in->next == in->end || *in->next > 1) {
        in->failed = true;
        return false;
    }
    return *in->next++;
}

static bool decode(const uint8_t *message, size_t count, struct quiz_submitted *quiz) {
    struct reader in = {message, message + count, false};
    quiz->submission_id = read_id(&in, "sbm_");
    quiz->quiz_id = read_id(&in, "quz_");
    quiz->course_id = read_id(&in, "crs_");
    quiz->user_id = read_id(&in, "usr_");
    int64_t attempt = read_long(&in);
    if (attempt < INT32_MIN || attempt > INT32_MAX) in.failed = true;
    quiz->attempt = (int32_t)attempt;
    quiz->score = read_double(&in);
    quiz->max_score = read_double(&in);
    quiz->percent = read_double(&in);
    quiz->passed = read_bool(&in);
    quiz->submitted_at = read_long(&in);
    int64_t branch = read_long(&in);
    if (branch < 0 || branch > 1) in.failed = true;
    quiz->lesson_id = branch == 1 ? read_id(&in, "lsn_") : NULL;
    return !in.failed && in.next == in.end;
}

static void release(struct quiz_submitted *quiz) {
    free(quiz->submission_id);
    free(quiz->quiz_id);
    free(quiz->course_id);
    free(quiz->user_id);
    free(quiz->lesson_id);
}

// Processor time of this thread, so that neighbours on the machine do not count.
static double now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

static double median(double *rounds) {
    qsort(rounds, ROUNDS, sizeof *rounds, compare);
    return rounds[ROUNDS / 2];
}

static void keep(const void *value) {
    __asm__ volatile("" : : "g"(value) : "memory");
}

int main(void) {
    struct quiz_submitted quiz = {
        "sbm_01hm9x3k5v7b9d1f3h5k7n9q1s", "quz_01hm9x3k5v7b9d1f3h5k7n9q1t", "crs_01hm9x3k5v7b9d1f3h5k7n9q1v",
        "usr_01hm9x3k5v7b9d1f3h5k7n9q1w", 2, 17.5, 20, 87.5, true, 1705428000000, NULL,
    };
    size_t count = 0;
    uint8_t *message = encode(&quiz, &count);
    double encoded[ROUNDS], decoded[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_ns();
        for (int index = 0; index < REPEATS; index++) {
            size_t bytes = 0;
            uint8_t *made = encode(&quiz, &bytes);
            keep(made);
            free(made);
        }
        double middle = now_ns();
        for (int index = 0; index < REPEATS; index++) {
            struct quiz_submitted read;
            if (!decode(message, count, &read)) abort();
            keep(&read);
            release(&read);
        }
        double end = now_ns();
        encoded[round] = (middle - start) / REPEATS;
        decoded[round] = (end - middle) / REPEATS;
    }
    free(message);
    printf("avro.encode %.1f\navro.decode %.1f\n", median(encoded), median(decoded));
    return 0;
}
