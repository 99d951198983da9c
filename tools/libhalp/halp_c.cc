// The C interface of handles and lists: arguments are checked here, and no exception passes.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "store/label.h"
#include "store/tags.h"
#include "tools/libhalp/dial.h"
#include "tools/libhalp/failure.h"
#include "tools/libhalp/handle.h"
#include "tools/libhalp/include/halp/halp.h"
#include "tools/libhalp/options.h"

namespace halp::lib {
namespace {

using std::chrono::milliseconds;
constexpr std::size_t count_usual = 20, count_max = 10'000;
constexpr milliseconds attempt_usual{3000};

// Behind the text and its NUL.
char* copied(const std::string& text, char* to) {
    std::memcpy(to, text.c_str(), text.size() + 1);
    return to + text.size() + 1;
}

// A list with its hosts, their names and tags in one block, so that free() frees all of it.
halp_list* list_of(const HostPage& page) {
    std::size_t bytes = sizeof(halp_list) + page.hosts.size() * sizeof(halp_host);
    for (const Host& host : page.hosts) bytes += host.endpoint.host.size() + 1 + host.tags.size() + 1;
    auto* const list = static_cast<halp_list*>(std::malloc(bytes));
    if (list == nullptr) throw std::bad_alloc{};
    auto* const hosts = reinterpret_cast<halp_host*>(list + 1);
    char* text = reinterpret_cast<char*>(hosts + page.hosts.size());
    for (std::size_t i = 0; i < page.hosts.size(); ++i) {
        const Host& host = page.hosts[i];
        const char* const name = text;
        text = copied(host.endpoint.host, text);
        hosts[i] = {name, host.endpoint.port, host.flags, 0, host.seen_unix_s, text};
        text = copied(host.tags, text);
    }
    *list = {page.hosts.size(), sizeof(halp_host), hosts, std::max<std::uint64_t>(page.total, page.hosts.size())};
    return list;
}

int misused(const char* what) { return fail(HALP_INVALID, what); }

// Nothing when it was told what is wrong.
std::optional<Label> label_of(const char* text, bool of_names, int& code) {
    if (text == nullptr) {
        code = fail(HALP_BAD_LABEL, "The label is NULL.");
        return std::nullopt;
    }
    auto label = Label::parse(text);
    if (!label) {
        code = fail(HALP_BAD_LABEL, label.error().message);
        return std::nullopt;
    }
    if (label->lists_names() != of_names) {
        code = fail(HALP_BAD_LABEL, of_names ? "`" + label->text() + "` lists hosts; a directory ends in /."
                                             : "`" + label->text() + "` lists labels: ask halp_sublabels().");
        return std::nullopt;
    }
    return std::move(*label);
}

int page_wanted(const halp_lookup_options* options, PageWanted& wanted) {
    halp_lookup_options given = HALP_LOOKUP_OPTIONS_INIT;
    if (!take_options(options, given)) return misused("The size of halp_lookup_options is wrong: use its INIT.");
    if (given.count > count_max) return misused("At most 10000 hosts are looked up at once.");
    wanted = {given.first, given.count == 0 ? count_usual : given.count, (given.flags & HALP_LOCAL) != 0,
              given.tag == nullptr ? "" : given.tag};
    return HALP_OK;
}

int list_page(const char* text, bool of_names, ::halp_handle* handle, const halp_lookup_options* options,
              halp_list** list) {
    if (handle == nullptr || list == nullptr) return misused("The handle or the place of the list is NULL.");
    *list = nullptr;
    return guarded([&]() -> int {
        int code = HALP_OK;
        const auto label = label_of(text, of_names, code);
        PageWanted wanted;
        if (!label) return code;
        if (code = page_wanted(options, wanted); code != HALP_OK) return code;
        if (of_names && !wanted.tag.empty()) return misused("Labels have no tags: leave out `tag`.");
        Backend& backend = handle->handle->backend();
        const auto page = of_names ? backend.labels(*label, wanted) : backend.lookup(*label, wanted);
        if (!page) return fail(page.error());
        *list = list_of(*page);
        return HALP_OK;
    });
}

// Dials from the top. The errors of the hosts that failed are told by the last one.
int connect_first(Handle& handle, const Label& label, const halp_connect_options& options, halp_list** reached) {
    const auto deadline =
        SteadyClock::now() + (options.timeout_ms > 0 ? milliseconds{options.timeout_ms} : handle.timeout());
    const milliseconds attempt = options.attempt_ms > 0 ? milliseconds{options.attempt_ms} : attempt_usual;
    const auto page = handle.backend().lookup(label, {0, options.count == 0 ? count_usual : options.count});
    if (!page) return fail(page.error());
    Error why{ErrorCode::not_found, "Nobody is listed under `" + label.text() + "`."};
    for (const Host& host : page->hosts) {
        if ((options.flags & HALP_SKIP_OWN) != 0 && (host.flags & HALP_OWN) != 0) continue;
        const auto now = SteadyClock::now();
        if (now >= deadline) return fail(HALP_TIMEOUT, "The time is over. " + why.message);
        auto dialled = dial(host.endpoint, std::min(deadline, now + attempt));
        const bool no_socket = !dialled && dialled.error().code == ErrorCode::full;  // not the host's fault
        // The connection stands or not, whether or not the daemon hears of it.
        if (!no_socket) static_cast<void>(handle.backend().confirm(label, host.endpoint, dialled.has_value()));
        if (dialled) {
            if (reached != nullptr) *reached = list_of({{host}, 1});
            return dialled->release();
        }
        why = dialled.error();
        if (no_socket) break;
        if (why.code == ErrorCode::not_found) why.code = ErrorCode::unreachable;  // a name, not the label
    }
    return fail(why);
}

}  // namespace
}  // namespace halp::lib

using namespace halp::lib;

const char* halp_strerror(int code) {
    switch (code) {
        case HALP_UNREACHABLE:
            return "nobody answers";
        case HALP_NOT_FOUND:
            return "there is no such thing";
        case HALP_TIMEOUT:
            return "the time is over";
        case HALP_REFUSED:
            return "it is refused";
        case HALP_BAD_LABEL:
            return "not a label of this kind";
        case HALP_INVALID:
            return "an argument is wrong";
        case HALP_BUSY:
            return "not now";
        case HALP_FULL:
            return "a limit is reached";
        case HALP_IO:
            return "a connection or a file broke";
        case HALP_NO_MEMORY:
            return "there is no memory";
        default:
            return code >= 0 ? "it worked" : "an unknown error";
    }
}

const char* halp_message(void) { return last_message(); }
const char* halp_version(void) { return HALP_VERSION; }

int halp_open(halp_handle** handle, const halp_options* options) {
    if (handle == nullptr) return misused("The place of the handle is NULL.");
    *handle = nullptr;
    return guarded([&]() -> int {
        halp_options given = HALP_OPTIONS_INIT;
        if (!take_options(options, given))
            return misused("The size of halp_options is wrong: use HALP_OPTIONS_INIT.");
        auto opened = Handle::open(given);
        if (!opened) return fail(opened.error());
        *handle = new halp_handle{std::move(*opened)};
        return HALP_OK;
    });
}

int halp_close(halp_handle* handle) {
    if (handle == nullptr) return HALP_OK;
    if (handle->handle->telling()) return fail(HALP_BUSY, "A callback may not close its handle.");
    return guarded([&]() -> int {
        delete handle;
        return HALP_OK;
    });
}

int halp_mode(const halp_handle* handle) { return handle == nullptr ? HALP_INVALID : handle->handle->mode(); }

size_t halp_count(const halp_list* list) { return list == nullptr ? 0 : list->count; }
const halp_host* halp_at(const halp_list* list, size_t index) {
    return index < halp_count(list) ? list->hosts + index : nullptr;
}
void halp_free(void* list_or_value) { std::free(list_or_value); }

int halp_lookup(halp_handle* handle, const char* label, const halp_lookup_options* options, halp_list** hosts) {
    return list_page(label, false, handle, options, hosts);
}

int halp_sublabels(halp_handle* handle, const char* directory, const halp_lookup_options* options,
                   halp_list** labels) {
    const bool top = directory == nullptr || *directory == '\0';
    return list_page(top ? "labels" : directory, true, handle, options, labels);
}

int halp_announce(halp_handle* handle, const char* label, const char* host, uint16_t port, halp_id* id) {
    return halp_announce_with(handle, label, host, port, nullptr, id);
}

int halp_announce_with(halp_handle* handle, const char* label, const char* host, uint16_t port,
                       const halp_announce_options* options, halp_id* id) {
    if (handle == nullptr) return misused("The handle is NULL.");
    return guarded([&]() -> int {
        int code = HALP_OK;
        const auto parsed = label_of(label, false, code);
        if (!parsed) return code;
        if (auto endpoint = halp::Endpoint::make(host == nullptr ? "localhost" : host, port); !endpoint)
            return fail(endpoint.error());
        halp_announce_options given = HALP_ANNOUNCE_OPTIONS_INIT;
        if (!take_options(options, given))
            return misused("The size of halp_announce_options is wrong: use its INIT.");
        const auto tags = halp::tags_text(halp::split_tags(given.tags == nullptr ? "" : given.tags));
        if (!tags) return fail(tags.error());
        const std::optional<std::string> at = host == nullptr ? std::nullopt : std::optional<std::string>{host};
        const auto announced = handle->handle->announce({*parsed, at, port, *tags});
        if (!announced) return fail(announced.error());
        if (id != nullptr) *id = *announced;
        return HALP_OK;
    });
}

int halp_confirm(halp_handle* handle, const char* label, const char* host, uint16_t port, int worked) {
    if (handle == nullptr || host == nullptr) return misused("The handle or the host is NULL.");
    return guarded([&]() -> int {
        int code = HALP_OK;
        const auto parsed = label_of(label, false, code);
        if (!parsed) return code;
        const auto endpoint = halp::Endpoint::make(host, port);
        if (!endpoint) return fail(endpoint.error());
        const auto confirmed = handle->handle->backend().confirm(*parsed, *endpoint, worked != 0);
        return confirmed ? HALP_OK : fail(confirmed.error());
    });
}

int halp_watch(halp_handle* handle, const char* label, halp_watch_callback callback, void* context, halp_id* id) {
    if (handle == nullptr || callback == nullptr) return misused("The handle or the callback is NULL.");
    return guarded([&]() -> int {
        int code = HALP_OK;
        const auto parsed = label_of(label, false, code);
        if (!parsed) return code;
        const auto watched = handle->handle->watch(*parsed, callback, context);
        if (!watched) return fail(watched.error());
        if (id != nullptr) *id = *watched;
        return HALP_OK;
    });
}

int halp_cancel(halp_handle* handle, halp_id id) {
    if (handle == nullptr) return misused("The handle is NULL.");
    return guarded([&]() -> int {
        const auto cancelled = handle->handle->cancel(id);
        return cancelled ? HALP_OK : fail(cancelled.error());
    });
}

int halp_fd(const halp_handle* handle) { return handle == nullptr ? HALP_INVALID : handle->handle->fd(); }

int halp_dispatch(halp_handle* handle, int timeout_ms) {
    if (handle == nullptr) return misused("The handle is NULL.");
    if (handle->handle->telling()) return fail(HALP_BUSY, "A callback is running already.");
    return guarded([&]() -> int { return handle->handle->dispatch(timeout_ms); });
}

int halp_connect(halp_handle* handle, const char* label, const halp_connect_options* options, halp_list** reached) {
    if (handle == nullptr) return misused("The handle is NULL.");
    if (reached != nullptr) *reached = nullptr;
    return guarded([&]() -> int {
        halp_connect_options given = HALP_CONNECT_OPTIONS_INIT;
        if (!take_options(options, given))
            return misused("The size of halp_connect_options is wrong: use its INIT.");
        if (given.count > count_max) return misused("At most 10000 hosts are tried.");
        int code = HALP_OK;
        const auto parsed = label_of(label, false, code);
        return parsed ? connect_first(*handle->handle, *parsed, given, reached) : code;
    });
}
