// The twin of `http.request`: the same suspended and resumed request in C. libmicrohttpd runs in external-epoll mode under libevent; the access
// callback suspends the connection, a queue replaces the task that responds, and the response resumes the connection.
// libraries: libmicrohttpd libevent_core
//
// usage: http-twin PORT    (0 takes a free port; the port is printed)
#include <event2/event.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PENDING_MAX = 65536 };

static struct event_base *base;
static struct MHD_Daemon *daemon_;
static struct event *answers_event;
static struct MHD_Connection *pending[PENDING_MAX];
static int pending_count;

static void drive(void) {
    MHD_UNSIGNED_LONG_LONG timeout;
    do {
        MHD_run(daemon_);
    } while (MHD_get_timeout(daemon_, &timeout) == MHD_YES && timeout == 0);
}

static void on_ready(evutil_socket_t fd, short what, void *context) {
    (void)fd, (void)what, (void)context;
    drive();
}

/// Answers all that wait, then drives the daemon once for all.
static void on_answers(evutil_socket_t fd, short what, void *context) {
    (void)fd, (void)what, (void)context;
    static char body[] = "hello, world";
    for (int i = 0; i < pending_count; i++) {
        struct MHD_Response *response =
            MHD_create_response_from_buffer(sizeof body - 1, body, MHD_RESPMEM_MUST_COPY);
        MHD_add_response_header(response, "content-type", "text/plain; charset=utf-8");
        MHD_queue_response(pending[i], MHD_HTTP_OK, response);
        MHD_destroy_response(response);
        MHD_resume_connection(pending[i]);
    }
    pending_count = 0;
    drive();
}

static enum MHD_Result on_access(
    void *context, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
    const char *upload, size_t *upload_count, void **request
) {
    (void)context, (void)path, (void)method, (void)version, (void)upload, (void)upload_count;
    if (!*request) {
        *request = connection;
        return MHD_YES;
    }
    if (pending_count == PENDING_MAX) return MHD_NO;
    MHD_suspend_connection(connection);
    pending[pending_count++] = connection;
    event_active(answers_event, 0, 0);
    return MHD_YES;
}

int main(int count, char **arguments) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)(count > 1 ? atoi(arguments[1]) : 0)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    base = event_base_new();
    daemon_ = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO, 0, NULL, NULL, on_access, NULL,
        MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT, 10000u, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)24 * 1024, MHD_OPTION_CONNECTION_TIMEOUT, 35u, MHD_OPTION_END);
    if (!base || !daemon_) return 1;
    int epoll = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    answers_event = event_new(base, -1, 0, on_answers, NULL);
    struct event *ready = event_new(base, epoll, EV_READ | EV_PERSIST, on_ready, NULL);
    event_add(ready, NULL);
    drive();
    int listener = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_LISTEN_FD)->listen_fd;
    socklen_t length = sizeof address;
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    event_base_dispatch(base);
    return 0;
}
