// libhalp in C++17: the calls of halp.h as classes that clean up, with exceptions of the same names.
//
//     halp::app::Handle h;
//     for (const auto& host : h.lookup("chat")) std::cout << host.host << ':' << host.port << '\n';
//
// What halp.h says about threads and callbacks holds here. What a callback throws comes out of dispatch().
#ifndef HALP_HALP_HPP
#define HALP_HALP_HPP

#include <halp/halp.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace halp::app {

class Error : public std::runtime_error {
public:
    Error(int code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
    [[nodiscard]] int code() const { return code_; }  // HALP_...

private:
    int code_;
};
struct Unreachable : Error {
    using Error::Error;
};
struct NotFound : Error {
    using Error::Error;
};
struct Timeout : Error {
    using Error::Error;
};
struct Refused : Error {
    using Error::Error;
};
struct BadLabel : Error {
    using Error::Error;
};

// A good result, or the exception of a code below 0.
inline int checked(int code) {
    if (code >= 0) return code;
    const std::string said = halp_message();
    const std::string sentence = said.empty() ? halp_strerror(code) : said;
    switch (code) {
        case HALP_UNREACHABLE:
            throw Unreachable(code, sentence);
        case HALP_NOT_FOUND:
            throw NotFound(code, sentence);
        case HALP_TIMEOUT:
            throw Timeout(code, sentence);
        case HALP_REFUSED:
            throw Refused(code, sentence);
        case HALP_BAD_LABEL:
            throw BadLabel(code, sentence);
        default:
            throw Error(code, sentence);
    }
}

struct Host {
    std::string host;
    std::uint16_t port = 0;
    unsigned flags = 0;  // HALP_OWN ...
    std::int64_t seen_unix_s = 0;
    std::string tags;  // "blue,v=2"

    Host() = default;
    explicit Host(const halp_host& from)
        : host(from.host), port(from.port), flags(from.flags), seen_unix_s(from.seen_unix_s), tags(from.tags) {}
};

namespace detail {

struct Free {
    void operator()(void* block) const { halp_free(block); }
};
using List = std::unique_ptr<halp_list, Free>;

struct Close {
    // It fails only inside a callback, where nothing may be closed.
    void operator()(halp_handle* handle) const { static_cast<void>(halp_close(handle)); }
    void operator()(halp_dht* dht) const { static_cast<void>(halp_dht_close(dht)); }  // it does not fail
};
using Shared = std::shared_ptr<halp_handle>;

}  // namespace detail

// Ends its announcement or watch. It may outlive its handle's object, and keeps the handle open then.
class Registration {
public:
    Registration() = default;
    Registration(detail::Shared handle, halp_id id) : handle_(std::move(handle)), id_(id) {}
    Registration(Registration&& other) noexcept
        : handle_(std::move(other.handle_)), id_(std::exchange(other.id_, 0)) {}
    Registration& operator=(Registration&& other) noexcept {
        std::swap(handle_, other.handle_);
        std::swap(id_, other.id_);
        return *this;
    }
    ~Registration() { cancel(); }
    void cancel() {
        if (handle_) static_cast<void>(halp_cancel(handle_.get(), id_));  // it may have been cancelled by its id
        handle_.reset();
    }
    // Goes on until the handle closes.
    void detach() { handle_.reset(); }
    [[nodiscard]] halp_id id() const { return id_; }

private:
    detail::Shared handle_;
    halp_id id_ = 0;
};

struct Event {
    int kind;  // HALP_EVENT_...
    const char* label;
    std::optional<Host> host;
};

class Handle {
public:
    explicit Handle(const halp_options& options = HALP_OPTIONS_INIT) {
        halp_handle* opened = nullptr;
        checked(halp_open(&opened, &options));
        handle_ = detail::Shared(opened, detail::Close{});
    }
    [[nodiscard]] int mode() const { return checked(halp_mode(get())); }
    [[nodiscard]] halp_handle* get() const { return handle_.get(); }

    [[nodiscard]] std::vector<Host> lookup(const std::string& label,
                                           const halp_lookup_options& options = HALP_LOOKUP_OPTIONS_INIT) {
        halp_list* found = nullptr;
        checked(halp_lookup(get(), label.c_str(), &options, &found));
        return hosts_of(detail::List(found));
    }
    [[nodiscard]] std::vector<std::string> sublabels(const std::string& directory = "labels") {
        halp_lookup_options options = HALP_LOOKUP_OPTIONS_INIT;
        options.count = 1000;
        halp_list* found = nullptr;
        checked(halp_sublabels(get(), directory.c_str(), &options, &found));
        std::vector<std::string> labels;
        for (Host& host : hosts_of(detail::List(found))) labels.push_back(std::move(host.host));
        return labels;
    }
    // Without a host, at the address at which others see the daemon or the node.
    [[nodiscard]] Registration announce(const std::string& label, std::uint16_t port,
                                        const std::optional<std::string>& host = std::nullopt,
                                        const std::string& tags = {}) {
        halp_announce_options options = HALP_ANNOUNCE_OPTIONS_INIT;
        options.tags = tags.c_str();
        halp_id id = 0;
        checked(halp_announce_with(get(), label.c_str(), host ? host->c_str() : nullptr, port, &options, &id));
        return {handle_, id};
    }
    void confirm(const std::string& label, const std::string& host, std::uint16_t port, bool worked) {
        checked(halp_confirm(get(), label.c_str(), host.c_str(), port, worked ? 1 : 0));
    }
    using Callback = std::function<void(const Event&)>;
    [[nodiscard]] Registration watch(const std::string& label, Callback callback) {
        auto call = std::make_unique<Call>(Call{std::move(callback), &raised_});
        halp_id id = 0;
        checked(halp_watch(get(), label.c_str(), Call::run, call.get(), &id));
        calls_[id] = std::move(call);  // until the handle goes
        return {handle_, id};
    }
    [[nodiscard]] int fd() const { return checked(halp_fd(get())); }
    // How many events came. -1 ms waits for ever.
    int dispatch(std::chrono::milliseconds wait = std::chrono::milliseconds{0}) {
        const int told = checked(halp_dispatch(get(), static_cast<int>(wait.count())));
        if (raised_) std::rethrow_exception(std::exchange(raised_, nullptr));
        return told;
    }
    // A connected socket, the caller's to close.
    [[nodiscard]] int connect(const std::string& label,
                              const halp_connect_options& options = HALP_CONNECT_OPTIONS_INIT) {
        return checked(halp_connect(get(), label.c_str(), &options, nullptr));
    }

    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

private:
    struct Call {
        Callback callback;
        std::exception_ptr* raised;
        static void run(void* context, const halp_event* event) {
            auto& call = *static_cast<Call*>(context);
            try {
                call.callback({event->kind, event->label,
                               event->host == nullptr ? std::nullopt : std::optional<Host>(Host(*event->host))});
            } catch (...) {
                if (!*call.raised) *call.raised = std::current_exception();
            }
        }
    };
    static std::vector<Host> hosts_of(const detail::List& found) {
        std::vector<Host> hosts;
        for (std::size_t i = 0; i < halp_count(found.get()); ++i) hosts.emplace_back(*halp_at(found.get(), i));
        return hosts;
    }

    std::exception_ptr raised_;
    std::map<halp_id, std::unique_ptr<Call>> calls_;
    detail::Shared handle_;
};

// Records: channels of 64-bit keys with values.
class Dht {
public:
    explicit Dht(Handle& handle, const halp_dht_options& options = HALP_DHT_OPTIONS_INIT)
        : Dht(handle.get(), options) {}
    // `options` name the nodes.
    explicit Dht(const halp_dht_options& options) : Dht(nullptr, options) {}

    void put(const std::string& channel, std::uint64_t key, const std::string& value) {
        checked(halp_dht_put(dht_.get(), channel.c_str(), key, value.data(), value.size()));
    }
    [[nodiscard]] std::optional<std::string> get(const std::string& channel, std::uint64_t key) {
        void* value = nullptr;
        std::size_t size = 0;
        const int code = halp_dht_get(dht_.get(), channel.c_str(), key, &value, &size);
        if (code == HALP_NOT_FOUND) return std::nullopt;
        checked(code);
        const std::unique_ptr<void, detail::Free> owned(value);
        return std::string(static_cast<const char*>(value), size);
    }
    [[nodiscard]] bool exists(const std::string& channel, std::uint64_t key) {
        return checked(halp_dht_exists(dht_.get(), channel.c_str(), key)) != 0;
    }
    bool remove(const std::string& channel, std::uint64_t key) {
        return checked(halp_dht_remove(dht_.get(), channel.c_str(), key)) != 0;
    }
    [[nodiscard]] std::map<std::uint64_t, std::string> scan(const std::string& channel) {
        std::map<std::uint64_t, std::string> records;
        const auto take = [](void* context, std::uint64_t key, const void* value, std::size_t size) {
            static_cast<decltype(records)*>(context)->insert_or_assign(
                key, std::string(static_cast<const char*>(value), size));
            return 0;
        };
        checked(halp_dht_scan(dht_.get(), channel.c_str(), take, &records));
        return records;
    }

private:
    Dht(halp_handle* handle, const halp_dht_options& options) {
        halp_dht* opened = nullptr;
        checked(halp_dht_open(&opened, handle, &options));
        dht_.reset(opened);
    }
    std::unique_ptr<halp_dht, detail::Close> dht_;
};

}  // namespace halp::app
#endif
