// What of the system's sockets Swift does not see: calls that need _GNU_SOURCE, which Glibc's module is made without.
#ifndef HUB_CSOCKETS_H
#define HUB_CSOCKETS_H

#include <sys/socket.h>

/// The next connection of a listening socket, non-blocking and closed on exec from the start; -1 and errno when there is none.
int hub_socket_accept(int listener, struct sockaddr *address, socklen_t *length);

/// Whether the peer has closed its sending half or is gone, whatever of it is still unread.
int hub_socket_is_left(int fd);

#endif
