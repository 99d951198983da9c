/* A chat that finds its peers. `chat HOST PORT [LABEL]`: what is typed goes to everybody under the label, what they
   say is printed. HOST is the address at which they reach this machine. The end of the input ends it. */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <halp/halp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { peers_max = 64 };
struct peer {
    char host[256];
    int port;
};
static struct peer peers[peers_max];
static int peer_count = 0;

/* Keeps the list of peers as it is now. */
static void on_event(void* context, const halp_event* event) {
    const int own_port = *(const int*)context;
    if (event->host == NULL || event->host->port == own_port) return;
    int at = 0;
    while (at < peer_count &&
           (peers[at].port != event->host->port || strcmp(peers[at].host, event->host->host) != 0))
        ++at;
    if (event->kind == HALP_EVENT_GONE && at < peer_count) peers[at] = peers[--peer_count];
    if (event->kind != HALP_EVENT_HOST || at < peer_count || at == peers_max) return;
    snprintf(peers[at].host, sizeof peers[at].host, "%s", event->host->host);
    peers[peer_count++].port = event->host->port;
    printf("* %s:%d is here\n", event->host->host, event->host->port);
}

static int listen_on(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int yes = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr*)&address, sizeof address) != 0 || listen(fd, 16) != 0) {
        perror("chat");
        exit(1);
    }
    return fd;
}

/* Dials the peer for this one line, and reports whether that worked. */
static void say(halp_handle* h, const char* label, const struct peer* to, const char* line) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)to->port)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int worked = inet_pton(AF_INET, to->host, &address.sin_addr) == 1 &&
                       connect(fd, (struct sockaddr*)&address, sizeof address) == 0 &&
                       send(fd, line, strlen(line), MSG_NOSIGNAL) > 0;
    close(fd);
    halp_confirm(h, label, to->host, (uint16_t)to->port, worked);
}

static void hear(int listener) {
    char line[1024];
    const int fd = accept(listener, NULL, NULL);
    const ssize_t length = recv(fd, line, sizeof line, 0);
    if (length > 0) fwrite(line, 1, (size_t)length, stdout);
    fflush(stdout);
    close(fd);
}

int main(int argc, char** argv) {
    if (argc < 3) return fprintf(stderr, "usage: chat HOST PORT [LABEL]\n"), 2;
    const char* const label = argc > 3 ? argv[3] : "chat";
    int own_port = atoi(argv[2]);
    const int listener = listen_on(own_port);
    halp_handle* h;
    if (halp_open(&h, NULL) != HALP_OK || halp_announce(h, label, argv[1], (uint16_t)own_port, NULL) != HALP_OK ||
        halp_watch(h, label, on_event, &own_port, NULL) != HALP_OK)
        return fprintf(stderr, "chat: %s\n", halp_message()), 1;
    for (char line[1024];;) {
        struct pollfd ready[] = {{0, POLLIN, 0}, {listener, POLLIN, 0}, {halp_fd(h), POLLIN, 0}};
        if (poll(ready, 3, -1) < 0) break;
        if (ready[2].revents != 0 && halp_dispatch(h, 0) < 0) break;
        if (ready[1].revents != 0) hear(listener);
        if (ready[0].revents == 0) continue;
        if (fgets(line, sizeof line, stdin) == NULL) break;
        for (int i = 0; i < peer_count; ++i) say(h, label, &peers[i], line);
    }
    return halp_close(h);
}
