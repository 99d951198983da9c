/*
 * libhalp: find the hosts of a label, announce your own, and tell which of them worked.
 *
 *     halp_handle* h;
 *     halp_list* found;
 *     if (halp_open(&h, NULL) == HALP_OK && halp_lookup(h, "chat", NULL, &found) == HALP_OK)
 *         for (size_t i = 0; i < halp_count(found); ++i) puts(halp_at(found, i)->host);
 *
 * Results.   Every call returns HALP_OK (0) or a number above it when it worked, and a negative HALP_... code when it did
 *            not. halp_strerror(code) gives the code as words; halp_message() a sentence about the last failure of
 *            the calling thread.
 * Ownership. Strings and structures that are passed in are copied. Lists and values that are handed out belong to the
 *            caller and go back by halp_free(). What a callback is shown is valid during the callback.
 * Threads.   A handle is used by one thread at a time; different handles are independent. Callbacks run only inside
 *            halp_dispatch(), in the thread that calls it. A callback may call every function of its handle
 *            but halp_dispatch() and halp_close(), which answer HALP_BUSY there. Do not use a handle of a parent
 *            process behind fork().
 * Growth.    Structures of options begin with their size, and are filled in by HALP_..._INIT. Later versions add
 *            members at the end and functions; nothing is taken away within libhalp.so.1. Walk lists with halp_at().
 *
 * Text is UTF-8 and ends in NUL. Times are seconds of the wall clock (`_unix_s`) or spans in milliseconds (`_ms`).
 */
#ifndef HALP_HALP_H
#define HALP_HALP_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define HALP_API __attribute__((visibility("default")))
#else
#define HALP_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- results ---- */

enum {
    HALP_OK = 0,
    HALP_UNREACHABLE = -1, /* no daemon, no server, no host answers */
    HALP_NOT_FOUND = -2,   /* there is no such host, record, announcement or watch */
    HALP_TIMEOUT = -3,     /* no answer in time */
    HALP_REFUSED = -4,     /* the other side, or a right of a file, forbids it */
    HALP_BAD_LABEL = -5,   /* not a label, or a label of the wrong kind */
    HALP_INVALID = -6,     /* an argument cannot be right: a host, a port, an option, NULL */
    HALP_BUSY = -7,        /* not now: a callback is running, or the other side has too much to do */
    HALP_FULL = -8,        /* a limit is reached */
    HALP_IO = -9,          /* a connection broke, a file cannot be used, an answer makes no sense */
    HALP_NO_MEMORY = -10
};

/* The name of a code as words: "the time is over". Never NULL. */
HALP_API const char* halp_strerror(int code);
/* What failed last in this thread, and what to do about it: one sentence, valid until the next call. Never NULL. */
HALP_API const char* halp_message(void);
/* "0.1.0", of the library that is running. */
HALP_API const char* halp_version(void);

/* ---- a handle ---- */

typedef struct halp_handle halp_handle;

enum {
    HALP_AUTO = 0,   /* the daemon of this user or of the system; without one the cache directory */
    HALP_DAEMON = 1, /* a daemon, or HALP_UNREACHABLE */
    HALP_CACHE = 2,  /* no daemon: the cache directory of the original tools, and HALP text to the servers listed there */
    HALP_NODE = 3    /* a node of its own, in a thread of this process */
};

typedef struct halp_options {
    size_t size; /* sizeof(halp_options) */
    int mode;
    int timeout_ms;            /* of each call; 0: 10 000 */
    const char* socket;        /* the daemon's admin socket; NULL: $HALP_SOCKET, then the usual places */
    const char* cache_dir;     /* of HALP_CACHE and HALP_NODE; NULL: ~/.halp */
    int64_t announce_every_ms; /* HALP_CACHE: between two announcements; 0: 7/8 of the 5 minutes that nodes grant */
    int64_t poll_every_ms;     /* HALP_CACHE: between two looks of a watch; 0: 60 000 */
    /* The rest is of HALP_NODE. NULL: the default of halpd. */
    const char* listen;    /* HOST:PORT; NULL: [::]:0, any free port on all addresses */
    const char* advertise; /* HOST:PORT at which others reach it */
    const char* join;      /* nodes to begin with: HOST:PORT, separated by commas */
    const char* swarm;     /* its name; nodes of different swarms never mix */
    const char* profile;   /* "local", "lan" (default) or "wan" */
    const char* state_dir; /* what it remembers of its peers; NULL: in memory only */
} halp_options;
#define HALP_OPTIONS_INIT {sizeof(halp_options), HALP_AUTO, 0, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL}

/* `options` may be NULL. On failure *handle is NULL. */
HALP_API int halp_open(halp_handle** handle, const halp_options* options);
/* Withdraws what it announced and ends its watches; a node leaves its swarm, which may take 4 s. NULL is fine. */
HALP_API int halp_close(halp_handle* handle);
/* HALP_DAEMON, HALP_CACHE or HALP_NODE: what HALP_AUTO has found. */
HALP_API int halp_mode(const halp_handle* handle);

/* ---- lists ---- */

enum {
    HALP_OWN = 1,       /* announced by the node that was asked */
    HALP_PROVED = 2,    /* that node, or an application of it, has reached the host */
    HALP_CLAIMED = 4,   /* known from HALP text only: somebody says so */
    HALP_REMEMBERED = 8 /* claimed in an earlier run, and by nobody since */
};

typedef struct halp_host {
    const char* host; /* a name or a numeric address, IPv6 without brackets; of halp_sublabels() the whole label */
    uint16_t port;    /* 0 in a list of labels */
    uint16_t flags;   /* HALP_OWN | HALP_PROVED ... */
    uint32_t reserved;
    int64_t seen_unix_s; /* when it was last confirmed or claimed */
    const char* tags;    /* of its announcement, sorted, with commas between them: "blue,v=2"; else "" */
} halp_host;

typedef struct halp_list {
    size_t count;
    size_t host_size; /* the distance of two hosts in bytes */
    const halp_host* hosts;
    uint64_t total; /* how many the label has */
} halp_list;

/* NULL counts as an empty list, and behind the end there is NULL. */
HALP_API size_t halp_count(const halp_list* list);
HALP_API const halp_host* halp_at(const halp_list* list, size_t index);
/* A list, or a value of halp_dht_get(). NULL is fine. */
HALP_API void halp_free(void* list_or_value);

/* ---- hosts of a label ---- */

enum {
    HALP_LOCAL = 1 /* HALP_CACHE: what the directory has; ask no server */
};
typedef struct halp_lookup_options {
    size_t size;
    uint32_t first; /* how many to leave out at the top */
    uint32_t count; /* at most so many; 0: 20. The greatest is 10 000 */
    uint32_t flags; /* HALP_LOCAL */
    uint32_t reserved;
    const char* tag; /* only hosts that were announced with it; NULL: all. Not with HALP_CACHE, nor for labels */
} halp_lookup_options;
#define HALP_LOOKUP_OPTIONS_INIT {sizeof(halp_lookup_options), 0, 0, 0, 0, NULL}

/* The hosts of a label, the most recent first. A label that nobody knows is an empty list. */
HALP_API int halp_lookup(halp_handle* handle, const char* label, const halp_lookup_options* options, halp_list** hosts);
/* The labels below `directory`, which ends in "/"; "labels", "" or NULL: those at the top. */
HALP_API int halp_sublabels(halp_handle* handle, const char* directory, const halp_lookup_options* options,
                            halp_list** labels);

/* Names an announcement or a watch of a handle; never 0. */
typedef uint64_t halp_id;

/* Announces until halp_cancel(), halp_close() or the end of the process. `host` may be NULL with a daemon or a node: the
   address at which others see it. The library announces again before it runs out; with a daemon
   that was restarted, in the next halp_dispatch(). HALP text has no withdrawal: with HALP_CACHE an announcement
   runs out by itself. `id` may be NULL. */
HALP_API int halp_announce(halp_handle* handle, const char* label, const char* host, uint16_t port, halp_id* id);

typedef struct halp_announce_options {
    size_t size;
    const char* tags; /* words about the host with commas between them, "v=2,blue": at most 256 bytes, no blanks. NULL:
                         none. HALP text has no tags, so HALP_CACHE refuses them (HALP_INVALID) */
} halp_announce_options;
#define HALP_ANNOUNCE_OPTIONS_INIT {sizeof(halp_announce_options), NULL}

/* halp_announce() with options, which may be NULL. Announcing a host again changes its tags. */
HALP_API int halp_announce_with(halp_handle* handle, const char* label, const char* host, uint16_t port,
                                const halp_announce_options* options, halp_id* id);

/* Reports that this host was dialled, and worked (not 0) or not. Hosts that work rank first. */
HALP_API int halp_confirm(halp_handle* handle, const char* label, const char* host, uint16_t port, int worked);

enum {
    HALP_EVENT_HOST = 1,     /* listed, confirmed again, or changed */
    HALP_EVENT_GONE = 2,     /* not listed any more */
    HALP_EVENT_COMPLETE = 3, /* all that is listed now has been told */
    HALP_EVENT_LOST = 4      /* the daemon is gone. When it is back, all hosts are told again, those that are missing
                                as HALP_EVENT_GONE, and HALP_EVENT_COMPLETE at the end */
};
typedef struct halp_event {
    size_t size; /* of this structure */
    int kind;
    halp_id id;
    const char* label;
    const halp_host* host; /* NULL for HALP_EVENT_COMPLETE and HALP_EVENT_LOST; of GONE only host and port count */
} halp_event;
typedef void (*halp_watch_callback)(void* context, const halp_event* event);

/* Tells every host of the label, HALP_EVENT_COMPLETE, and then every change, in halp_dispatch(). `id` may be NULL. */
HALP_API int halp_watch(halp_handle* handle, const char* label, halp_watch_callback callback, void* context, halp_id* id);
/* Ends a watch or an announcement. The callback of a watch is not called again. */
HALP_API int halp_cancel(halp_handle* handle, halp_id id);

/* Readable when halp_dispatch() has something to do. The same for the life of the handle, which owns it: only poll it. */
HALP_API int halp_fd(const halp_handle* handle);
/* Calls the callbacks of what has happened; waits for it at most `timeout_ms` (0: not at all, -1: for ever). Returns how
   many callbacks were called. A signal ends the wait. */
HALP_API int halp_dispatch(halp_handle* handle, int timeout_ms);

enum {
    HALP_SKIP_OWN = 1 /* leave out what the own node announces */
};
typedef struct halp_connect_options {
    size_t size;
    int timeout_ms; /* of the whole call; 0: that of the handle */
    int attempt_ms; /* of one host; 0: 3000 */
    uint32_t count; /* try at most so many hosts; 0: 20 */
    uint32_t flags; /* HALP_SKIP_OWN */
} halp_connect_options;
#define HALP_CONNECT_OPTIONS_INIT {sizeof(halp_connect_options), 0, 0, 0, 0}

/* Dials the hosts of the label by TCP from the top, reports each that failed and the one that worked as
   halp_confirm() does, and returns its connected socket: blocking, close-on-exec, yours to close. `reached`
   (may be NULL) gets a list of that one host. */
HALP_API int halp_connect(halp_handle* handle, const char* label, const halp_connect_options* options,
                          halp_list** reached);

/* ---- records ---- */

/* A client of the DHT nodes: channels of 64-bit keys with values. Its calls block, for `timeout_ms` at most. */
typedef struct halp_dht halp_dht;

typedef struct halp_dht_options {
    size_t size;
    int timeout_ms;          /* of each call; of scan and mirror: without an answer; 0: 10 000 */
    int reserved;
    const char* nodes;       /* HOST:PORT of neo, separated by commas; NULL: $HALP_DHT_NODES, else those that the
                                handle finds under the label */
    const char* label;       /* NULL: "dht" */
    const char* credentials; /* a file with one line NAME:KEY; NULL: $HALP_DHT_CLIENT, then ~/.config/halp/dht-client,
                                then `admin` with the key of tests */
} halp_dht_options;
#define HALP_DHT_OPTIONS_INIT {sizeof(halp_dht_options), 0, 0, NULL, NULL, NULL}

/* `handle` finds the nodes and may be NULL when they are named; it is not needed later. */
HALP_API int halp_dht_open(halp_dht** dht, halp_handle* handle, const halp_dht_options* options);
HALP_API int halp_dht_close(halp_dht* dht);

HALP_API int halp_dht_put(halp_dht* dht, const char* channel, uint64_t key, const void* value, size_t size);
/* HALP_NOT_FOUND when there is no record. *value goes back by halp_free(), also when *size is 0. */
HALP_API int halp_dht_get(halp_dht* dht, const char* channel, uint64_t key, void** value, size_t* size);
HALP_API int halp_dht_exists(halp_dht* dht, const char* channel, uint64_t key); /* 1 or 0 */
HALP_API int halp_dht_remove(halp_dht* dht, const char* channel, uint64_t key); /* 1, or 0: there was none */

/* Not 0 ends the call. */
typedef int (*halp_dht_record)(void* context, uint64_t key, const void* value, size_t size);
/* Every record of the channel, in no order. Returns HALP_OK also when the callback has ended it. */
HALP_API int halp_dht_scan(halp_dht* dht, const char* channel, halp_dht_record record, void* context);

enum {
    HALP_DHT_WRITTEN = 1, /* just now */
    HALP_DHT_PRESENT = 2, /* it is there; told at the beginning and at every refresh */
    HALP_DHT_REMOVED = 3, /* value is NULL */
    HALP_DHT_LOST = 4     /* changes may have been missed; the next refresh brings them. key is 0, value is NULL */
};
typedef int (*halp_dht_change)(void* context, int what, uint64_t key, const void* value, size_t size);
/* Every record of the channel, then every change, until the callback returns not 0 or `span_ms` are over (-1: never). */
HALP_API int halp_dht_mirror(halp_dht* dht, const char* channel, int span_ms, halp_dht_change change, void* context);

#ifdef __cplusplus
}
#endif
#endif
