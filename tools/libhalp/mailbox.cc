#include "tools/libhalp/mailbox.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace halp::lib {

Result<std::unique_ptr<Mailbox>> Mailbox::make(Poller& poller) {
    Descriptor bell{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (!bell)
        return Error{ErrorCode::full, "An eventfd could not be opened; the process may have too many open files."};
    std::unique_ptr<Mailbox> mailbox{new Mailbox{std::move(bell)}};
    if (auto added = poller.add(mailbox->bell_.get(), token); !added) return added.error();
    return mailbox;
}

void Mailbox::ring() {
    // It fails only when it has been rung 2^64 times.
    static_cast<void>(::eventfd_write(bell_.get(), 1));
}

bool Mailbox::put(Update update) {
    const std::lock_guard guard{mutex_};
    if (content_.updates.size() >= updates_max) {
        content_.overflowed = true;
        return false;
    }
    content_.updates.push_back(std::move(update));
    ring();
    return true;
}

void Mailbox::put_all(std::vector<Update> updates) {
    const std::lock_guard guard{mutex_};
    std::move(updates.begin(), updates.end(), std::back_inserter(content_.updates));
    ring();
}

void Mailbox::drop(Id watch) {
    const std::lock_guard guard{mutex_};
    std::erase_if(content_.updates, [&](const Update& update) { return update.watch == watch; });
}

Mailbox::Content Mailbox::take() {
    const std::lock_guard guard{mutex_};
    eventfd_t rings = 0;
    // Nothing to read when nobody has rung.
    static_cast<void>(::eventfd_read(bell_.get(), &rings));
    return std::exchange(content_, {});
}

}  // namespace halp::lib
