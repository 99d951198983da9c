// What evhttp needs when a request is answered later than in its handler: a stream, or a request that waits.
#pragma once

struct bufferevent;
struct evhttp_request;

namespace halp {

inline constexpr int request_timeout_s = 30;

[[nodiscard]] bufferevent* buffers_of(evhttp_request* request);
// The reader may stay silent for any time, but a closed connection is to be noticed at once. False: the kernel does
// not watch it.
[[nodiscard]] bool notice_closing(evhttp_request* request);
// The request is answered now, or its server ends.
void forget_closing(evhttp_request* request);
// When its connection breaks, evhttp no longer owns the request that it was answering. To be called in the closing
// callback.
void free_request_of_broken(evhttp_request* request);

}  // namespace halp
