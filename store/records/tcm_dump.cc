#include "store/records/tcm_dump.h"

#include <algorithm>
#include <utility>

namespace halp {
namespace {

constexpr std::uint64_t dump_version = 0;
constexpr std::size_t padding_unit = 512;
constexpr std::size_t raw_key_length = 8;  // in an older version of the format

void append_little_endian(std::string& out, std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>((value >> shift) & 0xff));
}

std::uint64_t read_little_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = (value << 8) | static_cast<std::uint8_t>(bytes[i]);
    return value;
}

}  // namespace

// ---- writing ----

void TcmWriter::begin(std::string& out) {
    append_little_endian(out, dump_version);
    written_ = sizeof dump_version;
}

void TcmWriter::record(Key key, std::string_view value, std::string& out) {
    append_little_endian(out, key_text_length);
    out += key_text(key);
    append_little_endian(out, value.size());
    out.append(value);
    written_ += 2 * sizeof(std::uint64_t) + key_text_length + value.size();
}

void TcmWriter::end(std::string& out) {
    append_little_endian(out, 0);
    written_ += sizeof(std::uint64_t);
    out.append((padding_unit - written_ % padding_unit) % padding_unit, '\0');
}

// ---- reading ----

TcmReader::TcmReader(TcmRules rules, Take take) : rules_(rules), take_(std::move(take)) {}

TcmFault TcmReader::feed(std::string_view bytes) {
    while (part_ != Part::end && fault_ == TcmFault::none) {
        const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(missing_, bytes.size()));
        const std::string_view piece = bytes.substr(0, taken);
        bytes.remove_prefix(taken);
        missing_ -= taken;
        if (missing_ > 0) {
            if (keep_) kept_.append(piece);
            return fault_;
        }
        if (!keep_ || kept_.empty()) {
            whole_part(piece);
        } else {
            kept_.append(piece);
            whole_part(std::exchange(kept_, {}));
        }
    }
    return fault_;
}

TcmFault TcmReader::finish() {
    if (fault_ == TcmFault::none && part_ != Part::end) fault_ = TcmFault::truncated;
    return fault_;
}

void TcmReader::expect(Part part, std::uint64_t length, bool keep) {
    part_ = part;
    missing_ = length;
    keep_ = keep;
}

void TcmReader::whole_part(std::string_view bytes) {
    const std::uint64_t number = keep_ && bytes.size() == sizeof(std::uint64_t) ? read_little_endian(bytes) : 0;
    switch (part_) {
        case Part::version:
            if (number != dump_version) fault_ = TcmFault::unknown_version;
            return expect(Part::key_length, sizeof number, true);
        case Part::key_length:
            if (number == 0) return expect(Part::end, 0, false);
            return expect(Part::key, number, number == raw_key_length || number == key_text_length);
        case Part::key:
            return key_came(bytes);
        case Part::value_length:
            return value_length_came(number);
        case Part::value:
            return value_came(bytes);
        case Part::end:
            return;
    }
}

void TcmReader::key_came(std::string_view bytes) {
    ++records_;
    key_valid_ = false;
    if (keep_ && bytes.size() == raw_key_length) {
        key_ = Key{read_little_endian(bytes)};
        key_valid_ = true;
    } else if (keep_) {
        const auto key = parse_key(bytes);
        if (key) key_ = *key;
        key_valid_ = key.has_value();
    }
    expect(Part::value_length, sizeof(std::uint64_t), true);
}

// The order of the originals: a record is counted by its first defect only.
void TcmReader::value_length_came(std::uint64_t length) {
    bool keep = false;
    if (!key_valid_) {
        ++counts_.invalid;
        if (rules_.bad_records == BadRecords::fatal) fault_ = TcmFault::bad_record;
    } else if (length == 0 && rules_.empty_values != EmptyValues::load) {
        ++counts_.empty;
        if (rules_.empty_values == EmptyValues::fatal) fault_ = TcmFault::empty_value;
    } else if (length > rules_.value_bytes_max) {
        ++counts_.too_big;
        if (rules_.bad_records == BadRecords::fatal) fault_ = TcmFault::bad_record;
    } else {
        keep = true;
    }
    expect(Part::value, length, keep);
}

void TcmReader::value_came(std::string_view bytes) {
    const bool take = keep_;
    expect(Part::key_length, sizeof(std::uint64_t), true);
    if (!take) return;

    const bool in_range = rules_.range.contains(key_);
    any_in_range_ = any_in_range_ || in_range;
    if (!in_range) {
        ++counts_.out_of_range;
        const std::uint64_t most = rules_.abort_after_all_out_of_range;
        const bool hopeless = !any_in_range_ && most > 0 && counts_.out_of_range > most;
        if (hopeless || rules_.out_of_range == OutOfRange::fatal) fault_ = TcmFault::out_of_range;
        if (fault_ != TcmFault::none || rules_.out_of_range == OutOfRange::ignore) return;
    }
    ++counts_.loaded;
    take_(key_, bytes);
}

}  // namespace halp
