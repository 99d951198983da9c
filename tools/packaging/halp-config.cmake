# find_package(halp): halp::halp is libhalp.so with halp/halp.h and halp/halp.hpp. Where the development files of
# libevent, LMDB and libsodium are installed, there are also the parts of the tree, as static libraries with headers
# below halp/: halp::dht (records), halp::node (bring your own world), halp::world (libevent), halp::testing (a fake
# node, a DHT for tests, the conformance suite).
include(${CMAKE_CURRENT_LIST_DIR}/halp-library.cmake)
if(NOT TARGET halp::dht)
  include(CMakeFindDependencyMacro)
  find_package(PkgConfig QUIET)
  find_package(Threads QUIET)
  if(PkgConfig_FOUND AND Threads_FOUND)
    pkg_check_modules(LIBEVENT QUIET IMPORTED_TARGET GLOBAL libevent_core libevent_extra)
    pkg_check_modules(LMDB QUIET IMPORTED_TARGET GLOBAL lmdb)
    pkg_check_modules(SODIUM QUIET IMPORTED_TARGET GLOBAL libsodium)
  endif()
  if(LIBEVENT_FOUND AND LMDB_FOUND AND SODIUM_FOUND)
    include(${CMAKE_CURRENT_LIST_DIR}/halp-parts.cmake)
  endif()
endif()
foreach(part ${halp_FIND_COMPONENTS})
  if(NOT TARGET halp::${part} AND halp_FIND_REQUIRED_${part})
    set(halp_FOUND FALSE)
    set(halp_NOT_FOUND_MESSAGE "halp::${part} needs libevent-dev, liblmdb-dev and libsodium-dev")
  endif()
endforeach()
