#include "overlay/dht/wire/contiguous.h"

namespace halp::contiguous {
namespace {

std::string counted(std::uint64_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

Error wrong(std::string what) { return {ErrorCode::invalid, std::move(what)}; }

Error unknown_version(std::uint8_t version, std::string_view than, std::uint8_t known) {
    return wrong("The struct has version " + std::to_string(version) + ", which is " + std::string(than) + ", " +
                 std::to_string(known) + ".");
}

}  // namespace

bool Reader::take_struct(std::size_t bytes, Bytes& taken) {
    if (left_.size() < bytes) {
        what_ =
            "The struct takes " + counted(bytes, "byte") + ", and there are " + std::to_string(left_.size()) + ".";
        return false;
    }
    taken = take(bytes);
    return true;
}

bool Reader::take_length(std::size_t bytes_min, std::size_t& length) {
    if (left_.size() < length_bytes) {
        what_ = "The length of the array takes " + counted(length_bytes, "byte") + ", and there are " +
                std::to_string(left_.size()) + ".";
        return false;
    }
    const auto announced = neo::load_number<std::uint64_t>(take(length_bytes).data());
    if (announced > left_.size() / bytes_min) {
        what_ = "The array has " + counted(announced, "element") + " of at least " + counted(bytes_min, "byte") +
                ", and there are " + counted(left_.size(), "byte") + ".";
        return false;
    }
    length = static_cast<std::size_t>(announced);
    return true;
}

Bytes Reader::take(std::size_t bytes) {
    const Bytes taken = left_.substr(0, bytes);
    left_.remove_prefix(taken.size());
    return taken;
}

bool Reader::in_field(bool read, std::size_t number) {
    if (!read) where_.insert(0, "." + std::to_string(number));
    return read;
}

bool Reader::in_element(bool read, std::size_t index) {
    if (!read) where_.insert(0, "[" + std::to_string(index) + "]");
    return read;
}

bool Reader::finished() {
    if (!left_.empty()) what_ = counted(left_.size(), "byte") + " too many stand behind the struct.";
    return left_.empty();
}

Error Reader::error() const {
    return wrong(where_.empty() ? what_ : "In field " + where_.substr(1) + ": " + what_);
}

Error version_missing() { return wrong("The struct should begin with its version, and there are no bytes."); }
Error version_too_new(std::uint8_t version, std::uint8_t known) {
    return unknown_version(version, "newer than the newest that is known", known);
}
Error version_too_old(std::uint8_t version, std::uint8_t known) {
    return unknown_version(version, "older than the oldest that is known", known);
}

}  // namespace halp::contiguous
