// Reads the pages of an LMDB file without mapping them, to detect missing pages. LMDB has no such check: it maps
// the file with the length in its head and accesses pages that do not exist.
//
// The file format is that of LMDB 0.9 (MDB_DATA_VERSION 1), in the byte order of the machine:
//
//     page   pgno u64 | pad u16 | flags u16 | lower u16, upper u16  (or: pages u32, of a page of large values) |
//     body body   of a branch or leaf: (lower - 16) / 2 offsets u16 of nodes, counted from the page's begin node lo
//     u16 | hi u16 | flags u16 | key size u16 | key | data
//            branch: the child is lo + hi * 2^16 + flags * 2^32
//            leaf, flag 1: the data is the number u64 of the first page of a large value
//            leaf, flag 2: the data is a tree of its own: 48 bytes, its root page u64 in the last eight
//     meta   pages 0 and 1: head 16 | magic u32 = 0xBEEFC0DE | version u32 | address u64 | map size u64 |
//            free tree 48 | main tree 48 | last page u64 | transaction u64
#pragma once

#include <cstdint>

namespace halp {

// Whether every page that the newest meta page leads to lies within the first `size` bytes of the open file. Also
// false for a file that cannot be read or has no such tree.
[[nodiscard]] bool lmdb_pages_all_there(int file, std::uint64_t size, std::uint32_t page_bytes);

}  // namespace halp
