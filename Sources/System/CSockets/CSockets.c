#define _GNU_SOURCE
#include "CSockets.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#ifdef __linux__
enum { LEFT = POLLRDHUP };
#else
enum { LEFT = POLLHUP };
#endif

int hub_socket_accept(int listener, struct sockaddr *address, socklen_t *length) {
#ifdef __linux__
    return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
    int fd = accept(listener, address, length);
    if (fd >= 0 && (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
#endif
}

int hub_socket_is_left(int fd) {
    struct pollfd asked = {.fd = fd, .events = LEFT};
    return poll(&asked, 1, 0) > 0 && (asked.revents & (LEFT | POLLHUP | POLLERR)) != 0;
}
