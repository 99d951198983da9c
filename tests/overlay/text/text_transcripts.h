// Every exchange that was observed with original HALP servers, in full.
#pragma once

#include <vector>

#include "tests/overlay/text/text_transcript.h"
#include "tests/overlay/text/text_transcripts_get.h"
#include "tests/overlay/text/text_transcripts_insert.h"

namespace halp::transcripts {

inline std::vector<Transcript> all() {
    std::vector<Transcript> rows;
    const auto add = [&rows](const std::vector<Transcript>& more) {
        rows.insert(rows.end(), more.begin(), more.end());
    };
    add(get_rows());
    add(garbage_rows());
    add(connection_rows());
    add(insert_rows());
    add({insert_eleven(), insert_bad_lines()});
    add(insert_port_rows());
    add(insert_time_rows());
    add(insert_host_rows());
    add(insert_label_rows());
    add(insert_size_rows());
    add(cache_rows());
    add(time_zone_rows());
    return rows;
}

}  // namespace halp::transcripts
